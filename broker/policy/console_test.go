package policy_test

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/policy"
)

func TestConsoleServicesAreWords(t *testing.T) {
	for _, good := range []string{"s3", "ec2", "cloudwatch", "systems-manager", strings.Repeat("x", 40)} {
		if err := policy.CheckConsoleService(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "S3", "s3/home", "a?b", "a b", "..", "a%2f", "ec2#", "é", strings.Repeat("x", 41)} {
		if err := policy.CheckConsoleService(bad); err == nil {
			t.Errorf("%q is taken for a service", bad)
		}
	}
}
