package snippet

import (
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker/secret"
)

// The types of keys that credentials can be encrypted to.
const (
	keyAge        = "age"
	keyAgeHybrid  = "age post-quantum"
	keySSHEd25519 = "ssh-ed25519"
	keySSHRSA     = "ssh-rsa"
)

const (
	// MaxKeyText bounds the work. RSA of 16,384 bits, the longest that SSH
	// takes, and age's post-quantum keys stay well below it.
	MaxKeyText = 4000
	// minRSABits is the least that age encrypts to.
	// https://pkg.go.dev/filippo.io/age/agessh#NewRSARecipient
	minRSABits = 2048
)

// ParsePublicKey reads an age or SSH public key as people copy it: age1…, or a
// line of a .pub file with its comment, in quotation marks, with spaces and
// line breaks that a phone put in. The config and the command both read keys
// with it, so that what one takes the other does.
//
// An error is a *broker.Error that holds nothing of text, since text may be a
// private key.
func ParsePublicKey(text string) (secret.PublicKey, error) {
	switch {
	case HoldsPrivateKey(text):
		return secret.PublicKey{}, PrivateKeyError()
	case len(text) > MaxKeyText:
		return secret.PublicKey{}, KeyTooLongError()
	}
	var words []string
	for _, t := range typed.Tokens(text) {
		if w := t.Value(); w != "" {
			words = append(words, w)
		}
	}
	for i, word := range words {
		kind := keyKind(word)
		if kind == notKey {
			continue
		}
		key, used, err := readKey(kind, words[i:])
		if err != nil {
			return secret.PublicKey{}, err
		}
		for _, rest := range words[i+used:] {
			if keyKind(rest) != notKey {
				return secret.PublicKey{}, errTwoKeys()
			}
		}
		return key, nil
	}
	if mayBePrivateKey(text) {
		return secret.PublicKey{}, PrivateKeyError()
	}
	return secret.PublicKey{}, errNotKey()
}

// A keyWord is what the first word of a key says of it.
type keyWord int

const (
	notKey keyWord = iota
	ageKey
	agePlugin
	sshKey
	sshOther // a type that age does not encrypt to
)

// keyKind judges a word by its beginning.
func keyKind(word string) keyWord {
	lower := strings.ToLower(word)
	switch {
	case strings.HasPrefix(lower, "age1"):
		// age1NAME1… belongs to a plugin; no 1 can be in the data of bech32.
		if name, _, found := strings.Cut(lower[len("age1"):], "1"); found && name != "pq" {
			return agePlugin
		}
		return ageKey
	case lower == keySSHEd25519, lower == keySSHRSA:
		return sshKey
	case strings.HasPrefix(lower, "ssh-"), strings.HasPrefix(lower, "ecdsa-sha2-"), strings.HasPrefix(lower, "sk-ssh-"),
		strings.HasPrefix(lower, "sk-ecdsa-"), strings.HasPrefix(lower, "rsa-sha2-"):
		return sshOther
	}
	return notKey
}

// readKey reads the key that words begin with, and how many of them it takes.
func readKey(kind keyWord, words []string) (secret.PublicKey, int, error) {
	switch kind {
	case ageKey:
		return readAgeKey(words)
	case sshKey:
		return readSSHKey(words)
	case agePlugin:
		return secret.PublicKey{}, 0, errKeyType("A key of an age plugin, such as one on a hardware token, cannot be used: the bot does not run plugins.")
	}
	return secret.PublicKey{}, 0, errKeyType("Credentials cannot be encrypted to an SSH key of that type: age takes ssh-ed25519 and ssh-rsa.")
}

// readAgeKey joins as many words as make a whole key. Bech32 is read in either
// case but not in both, and phones begin with a capital.
func readAgeKey(words []string) (secret.PublicKey, int, error) {
	joined := ""
	for i, word := range words {
		joined += strings.ToLower(word)
		recipient, kind, err := ageRecipient(joined)
		if err != nil {
			continue
		}
		key := secret.PublicKey{Text: joined, Type: kind, Fingerprint: shortAge(joined)}
		return key, i + 1, usable(recipient)
	}
	return secret.PublicKey{}, 0, errKeyNotWhole()
}

func ageRecipient(text string) (age.Recipient, string, error) {
	if strings.HasPrefix(text, "age1pq1") {
		r, err := age.ParseHybridRecipient(text)
		return r, keyAgeHybrid, err
	}
	r, err := age.ParseX25519Recipient(text)
	return r, keyAge, err
}

// shortAge is what tells one age key from another at a glance: age has no
// fingerprints. Twelve characters on either side are 60 bits each, too many to
// be imitated.
func shortAge(text string) string {
	const side = 12
	head := strings.LastIndexByte(text, '1') + 1 + side
	return text[:head] + "…" + text[len(text)-side:]
}

// readSSHKey joins words until they hold a whole key: the format carries its
// own length, so that a comment is never taken for a part of it.
// https://datatracker.ietf.org/doc/html/rfc4253#section-6.6
func readSSHKey(words []string) (secret.PublicKey, int, error) {
	joined := ""
	for i, word := range words[1:] {
		joined += strings.TrimRight(word, "=")
		blob, err := base64.RawStdEncoding.Strict().DecodeString(joined)
		if err != nil {
			continue
		}
		public, err := ssh.ParsePublicKey(blob)
		if err != nil {
			continue
		}
		if public.Type() != strings.ToLower(words[0]) {
			return secret.PublicKey{}, 0, errKeyNotWhole()
		}
		key, err := sshPublicKey(public)
		return key, i + 2, err
	}
	return secret.PublicKey{}, 0, errKeyNotWhole()
}

func sshPublicKey(public ssh.PublicKey) (secret.PublicKey, error) {
	if c, ok := public.(ssh.CryptoPublicKey); ok {
		if r, ok := c.CryptoPublicKey().(*rsa.PublicKey); ok && r.N.BitLen() < minRSABits {
			return secret.PublicKey{}, errRSATooShort()
		}
	}
	key := secret.PublicKey{
		Text: public.Type() + " " + base64.StdEncoding.EncodeToString(public.Marshal()),
		Type: public.Type(), Fingerprint: ssh.FingerprintSHA256(public),
	}
	recipient, err := agessh.ParseRecipient(key.Text)
	if err != nil {
		return secret.PublicKey{}, errKeyNotWhole() // err quotes the key
	}
	return key, usable(recipient)
}

// usable encrypts nothing once: there are points on the curve that parse, but
// that nobody could decrypt from, or everybody.
func usable(r age.Recipient) error {
	w, err := age.Encrypt(io.Discard, r)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return errKeyNotWhole()
	}
	return nil
}

// recipient is the key as age takes it. The error holds nothing of the key.
func recipient(k secret.PublicKey) (age.Recipient, error) {
	var (
		r   age.Recipient
		err error
	)
	if strings.HasPrefix(k.Text, "age1") {
		r, _, err = ageRecipient(k.Text)
	} else {
		r, err = agessh.ParseRecipient(k.Text)
	}
	if err != nil {
		return nil, errors.New("the key is none that age encrypts to")
	}
	return r, nil
}
