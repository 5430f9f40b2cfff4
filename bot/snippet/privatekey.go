package snippet

import (
	"strings"

	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// A private key that was pasted has gone through Slack, and counts as leaked. It is looked for in
// every command before anything else reads it, so that no part of it is
// answered, logged or kept as an account's name or a reason.

var (
	// The label of PEM. It needs its dash, of whatever length, or a reason that
	// tells of a private key would be taken for one. RFC 7468, section 10.
	privateLabel = text.NewPattern(`-\s*(begin|end)\s[a-z0-9\s]{0,24}private\s*key`)

	// What only private keys hold, once everything but letters and digits is
	// gone: lines are wrapped on the way here. age's prefixes; how the body of
	// OpenSSH's format begins, base64 of openssh-key-v1; how DER does, of PKCS #1
	// and #8 and of SEC 1; PuTTY's.
	// https://age-encryption.org/v1#the-x25519-recipient-type
	privateKey = text.NewPattern(`agesecretkey(pq)?1[02-9ac-hj-np-z]{8}|ageplugin[a-z0-9]{1,30}1[a-z0-9]{20}` +
		`|b3blbnnzac1rzxktdj` +
		`|mii[a-z0-9]{3}ib(aakca|adanbgkq)|mc4caqawbqy|mig[a-z0-9]ageamb|mhccaqeei|mi(gk|hc)agebb` +
		`|puttyuserkeyfile|privatelines[0-9]|privatemac[0-9a-f]{16}`)

	// Fragments of these, looked for where a key should be and none was found.
	privateFragment = text.NewPattern(`secretkey|agesecret|privatekey|ageplugin|openssh|begin(rsa|ec|dsa|enc|priv)`)
)

// HoldsPrivateKey reports whether text holds a private key, or enough of one.
func HoldsPrivateKey(text string) bool {
	return privateLabel.MatchString(strings.ToLower(typed.Fold(typed.Decode(text)))) || privateKey.MatchString(lettersAndDigits(text))
}

// mayBePrivateKey reports whether text, which is no public key, looks like a
// piece of a private one.
func mayBePrivateKey(text string) bool { return privateFragment.MatchString(lettersAndDigits(text)) }

// lettersAndDigits is what no keyboard and no line break changes.
func lettersAndDigits(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return -1
	}, typed.Fold(typed.Decode(text)))
}

func keyError(message, hint string) error {
	return &broker.Error{Code: broker.CodeGrammar, What: prose.Say(message), Hint: prose.Say(hint)}
}

// PrivateKeyError answers a private key that was pasted.
func PrivateKeyError() error {
	return keyError("That is a private key, or a part of one. Treat it as leaked: Slack has seen it.",
		"Make a new key, take the old one out of wherever it is trusted, and never paste the private half anywhere. The bot kept nothing of it. "+
			"What belongs here is the public half: age1… or the one line of a file that ends in .pub.")
}

const whatKey = "Paste the public half whole: age1…, or the one line of a file such as id_ed25519.pub."

func errNotKey() error {
	return keyError("That is not a public key that the bot knows.",
		whatKey+" If it was any part of a private key, treat that key as leaked and make a new one.")
}

func errKeyNotWhole() error {
	return keyError("That key is not whole: a part of it is missing, or was changed on the way.", whatKey)
}

// KeyTooLongError answers more than [MaxKeyText] bytes.
func KeyTooLongError() error {
	return keyError("That is too long for a public key: the bot reads 4,000 characters at most.",
		whatKey+" If it was a file with a private key, treat that key as leaked and make a new one.")
}

func errKeyType(message string) error {
	return keyError(message, "Use an ssh-ed25519 key, an ssh-rsa key, or one that age-keygen makes: age1…")
}

func errRSATooShort() error {
	return keyError("That RSA key is too short: it needs 2,048 bits or more.", "Make a new one with ssh-keygen -t ed25519 and paste its public half.")
}

func errTwoKeys() error {
	return keyError("There is more than one key.", "Paste one key: credentials are encrypted to that alone.")
}
