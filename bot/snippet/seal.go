package snippet

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// SealFor encrypts s to a person's public key, as the armored block that age -d
// opens, without a newline at its end. Every secret of a person with a key, a
// sign-in link too, goes to Slack in this form or not at all.
func SealFor(to secret.PublicKey, s secret.Text) (string, error) {
	r, err := recipient(to)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	if s.Empty() {
		return "", errors.New("seal: there is nothing to seal")
	}
	var text strings.Builder
	armored := armor.NewWriter(&text)
	w, err := age.Encrypt(armored, r)
	if err != nil {
		return "", errors.New("seal: age cannot encrypt to the key") // its error may quote the key
	}
	_, err = io.WriteString(w, s.Reveal())
	if err := errors.Join(err, w.Close(), armored.Close()); err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}

// A Shown is a secret as a message holds it.
type Shown struct {
	Text   string       // to be copied; ciphertext where the person has a key
	Use    []prose.Part // how to use it
	Sealed []prose.Part // of the key; nil in clear
}

var errUndecided = errors.New("nobody looked whether the person has a key")

// Show is a snippet as its Sealing says. Where nobody looked whether the person
// has a key, nothing is shown.
func Show(sealing secret.Sealing, f Format, account string, snippet secret.Text) (Shown, error) {
	key, block, err := sealedBlock(sealing, snippet)
	switch {
	case err != nil:
		return Shown{}, err
	case block == "":
		return Shown{Text: snippet.Reveal(), Use: howToUse(f, account)}, nil
	}
	text, use := sealedSnippet(f, block, key, account)
	return Shown{Text: text, Use: use, Sealed: encryptedTo(key)}, nil
}

// ShowLink is a sign-in link as its Sealing says; in clear it needs no use.
func ShowLink(sealing secret.Sealing, f Format, link secret.Text) (Shown, error) {
	key, block, err := sealedBlock(sealing, link)
	switch {
	case err != nil:
		return Shown{}, err
	case block == "":
		return Shown{Text: link.Reveal()}, nil
	}
	text, use := sealedLink(f, block, key)
	return Shown{Text: text, Use: prose.Say(use), Sealed: encryptedTo(key)}, nil
}

// sealedBlock is s encrypted to the person's key; "" if they have none.
func sealedBlock(sealing secret.Sealing, s secret.Text) (key secret.PublicKey, block string, err error) {
	if !sealing.Known() {
		return secret.PublicKey{}, "", errUndecided
	}
	key, sealed := sealing.Key()
	if sealed {
		block, err = SealFor(key, s)
	}
	return key, block, err
}

func encryptedTo(key secret.PublicKey) []prose.Part {
	return prose.Say("It is encrypted to your key ", prose.Literal(key.Fingerprint), ".")
}

// Spoken is what the fallback text of a message adds, for whoever cannot see its blocks.
func (s Shown) Spoken() string {
	if s.Sealed == nil {
		return ""
	}
	return "The reply is encrypted to your key."
}
