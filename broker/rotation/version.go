package rotation

import (
	"crypto/rand"
	"regexp"
)

// holds begins the ID of each version of a secret that was made for a key, and that names it: whoever may not read the
// value can tell by it which key that is. An ID is no secret, neither of a version nor of a key.
const holds = "assumebot-holds-"

// What Secrets Manager takes as the ID of a version.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
const maxVersionID = 64

// leastRandom is how many random characters the ID of a version ends in, so that no two are the same.
const leastRandom = 16

var holding = regexp.MustCompile(`^` + holds + `(\w{16,})-[A-Z2-7]{16,}$`)

// VersionOf is another ID for a version that holds the key of this ID. It names the key, unless that has more than 31
// characters: then there is no room. AWS gives keys IDs of 20.
func VersionOf(keyID string) string {
	name, tail := holds+keyID+"-", rand.Text()
	if room := maxVersionID - len(name); room >= leastRandom {
		return name + tail[:min(len(tail), room)]
	}
	return tail + rand.Text() // at least 32 characters
}

// KeyOf is the ID of the key that a version of this ID holds; false where it does not tell: another program made it, or
// a release before this one.
func KeyOf(version string) (keyID string, told bool) {
	if m := holding.FindStringSubmatch(version); m != nil {
		return m[1], true
	}
	return "", false
}
