package awsapi

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker/text"
)

// A key that KMS has wrapped is written as one word:
//
//	awskms:///KEY-ARN?context_NAME=VALUE&…#CIPHERTEXT
//
// The URL is that of sigstore for a key of KMS, the query that of gocloud.dev for its encryption context, and
// the fragment is the ciphertext in base64. It is no secret: without KMS it opens nothing, and KMS opens it under
// that key and that context alone.
// https://docs.sigstore.dev/cosign/key_management/overview/
// https://pkg.go.dev/gocloud.dev/secrets/awskms#URLOpener

// wrappedScheme begins each; a host would be an endpoint, which AWS_ENDPOINT_URL_KMS says.
const wrappedScheme = "awskms://"

// contextPrefix begins the names of a context in the query.
const contextPrefix = "context_"

// maxCiphertext is of https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
const maxCiphertext = 6144

// A WrappedKey is the ciphertext of a key, and what it takes to have KMS open it.
type WrappedKey struct {
	KeyARN     string // of the key of KMS; never an alias, which may be moved to another
	Context    map[string]string
	Ciphertext []byte
}

// kmsARN is of a key, and not of an alias.
// https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-ARN
var kmsARN = text.NewPattern(`^arn:aws[a-z-]*:kms:([a-z]{2,}(?:-[a-z]+)+-\d{1,2}):\d{12}:key/[A-Za-z0-9-]{1,256}$`)

// regionOfKey is the region of a key's ARN; "" of what is none.
func regionOfKey(arn string) string {
	if parts := kmsARN.FindStringSubmatch(arn); parts != nil {
		return parts[1]
	}
	return ""
}

// IsWrappedKey reports whether text is meant as a WrappedKey.
func IsWrappedKey(text string) bool { return strings.HasPrefix(strings.ToLower(text), "awskms:") }

// ParseWrappedKey reads what String wrote. Its errors repeat no part of text, and end a sentence that begins
// with the name of the key.
func ParseWrappedKey(text string) (WrappedKey, error) {
	const again = "take the whole line that assumebot keygen --kms prints"
	rest, ok := strings.CutPrefix(text, wrappedScheme+"/")
	switch {
	case !ok && strings.HasPrefix(text, wrappedScheme):
		return WrappedKey{}, errors.New("has awskms:// with something before the next slash: " +
			"write awskms:/// and the ARN of the key; an endpoint goes into AWS_ENDPOINT_URL_KMS")
	case !ok:
		return WrappedKey{}, errors.New("does not begin with awskms:///: " + again)
	}
	rest, fragment, ok := strings.Cut(rest, "#")
	if !ok || fragment == "" {
		return WrappedKey{}, errors.New("names a key of KMS and has no wrapped key after #: " + again)
	}
	arn, query, _ := strings.Cut(rest, "?")
	k := WrappedKey{KeyARN: arn, Context: map[string]string{}}
	if regionOfKey(arn) == "" {
		return WrappedKey{}, errors.New("does not name its key of KMS by an ARN such as arn:aws:kms:eu-west-1:111111111111:key/…, " +
			"and an alias may be moved to another: " + again)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return WrappedKey{}, errors.New("has a query that cannot be read: " + again)
	}
	for name, value := range values {
		of, ok := strings.CutPrefix(name, contextPrefix)
		if !ok || of == "" || len(value) != 1 || value[0] == "" {
			return WrappedKey{}, errors.New("has something else than context_NAME=VALUE between ? and #, or one twice: " + again)
		}
		k.Context[of] = value[0]
	}
	k.Ciphertext, err = base64.StdEncoding.Strict().DecodeString(fragment)
	if err != nil || len(k.Ciphertext) > maxCiphertext {
		return WrappedKey{}, errors.New("has no base64 of KMS after #, or not all of it: " + again)
	}
	return k, nil
}

// String is how k is written, always the same.
func (k WrappedKey) String() string {
	var query []string
	for _, name := range slices.Sorted(maps.Keys(k.Context)) {
		query = append(query, contextPrefix+legible(name)+"="+legible(k.Context[name]))
	}
	return fmt.Sprintf("%s/%s?%s#%s", wrappedScheme, k.KeyARN, strings.Join(query, "&"), base64.StdEncoding.EncodeToString(k.Ciphertext))
}

// legible escapes for a query, but for the two of a name such as example.com/bot that need no escape there.
// https://www.rfc-editor.org/rfc/rfc3986#section-3.4
func legible(s string) string {
	return strings.NewReplacer("%2F", "/", "%3A", ":").Replace(url.QueryEscape(s))
}
