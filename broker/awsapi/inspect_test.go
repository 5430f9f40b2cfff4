package awsapi

import "testing"

func TestARegionalEndpointNamesItsRegion(t *testing.T) {
	for host, want := range map[string]bool{
		"sts.eu-west-1.amazonaws.com": true, "sts-fips.eu-west-1.amazonaws.com": true, "vpce-1.sts.eu-west-1.vpce.amazonaws.com": true,
		"sts.amazonaws.com": false, "sts.eu-west-10.amazonaws.com": false, "": false,
	} {
		if got := InRegion(host, "eu-west-1"); got != want {
			t.Errorf("%s: got %v, want %v", host, got, want)
		}
	}
}
