package config

import (
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker/text"
)

// regionName takes every region of every partition, eusc-de-east-1 too.
var regionName = text.NewPattern(`^[a-z]{2,4}(-[a-z]+)+-\d+$`)

// IsRegion reports whether s has the shape of a region's code.
func IsRegion(s string) bool { return regionName.MatchString(s) }

// regions are those that there are. One that AWS has opened since is a warning and
// never an error.
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
var regions = strings.Fields(`
	us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 ca-west-1 mx-central-1 sa-east-1
	eu-west-1 eu-west-2 eu-west-3 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2
	ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2
	ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7
	af-south-1 il-central-1 me-central-1 me-south-1
	cn-north-1 cn-northwest-1 us-gov-east-1 us-gov-west-1 eusc-de-east-1
	us-iso-east-1 us-iso-west-1 us-isob-east-1 us-isob-west-1 eu-isoe-west-1 us-isof-east-1 us-isof-south-1
`)

// NearRegion reports whether there is a region of that code, and else which was most
// likely meant; "" when none is near.
func NearRegion(code string) (near string, known bool) {
	if slices.Contains(regions, code) {
		return code, true
	}
	return text.Nearest(code, regions), false
}

// zoneLetter ends the code of an availability zone.
var zoneLetter = text.NewPattern(`(\d)[a-z]$`)

// meantRegion is what v stands for: another case, underscores, an availability zone.
func meantRegion(v string) string {
	v = zoneLetter.ReplaceAllString(strings.ReplaceAll(strings.ToLower(v), "_", "-"), "$1")
	if IsRegion(v) {
		return v
	}
	return "one such as eu-west-1"
}

// warnRegions tells of regions that are likely misspelt.
func (f *File) warnRegions(c *collector) {
	for a := range each(f.Accounts.Value) {
		if r := a.Region; r.OK {
			switch near, known := NearRegion(r.Value); {
			case known:
			case near != "":
				c.warning(r.Position, "account %s: region %s is not one that this version knows: did you mean %s?", a.Name.Value, r.Value, near)
			default:
				c.warning(r.Position, "account %s: region %s is not one that this version knows: is it misspelt?", a.Name.Value, r.Value)
			}
		}
	}
}
