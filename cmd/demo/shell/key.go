package shell

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

const (
	armorBegins = "-----BEGIN AGE ENCRYPTED FILE-----"
	armorEnds   = "-----END AGE ENCRYPTED FILE-----"

	// keyFile is where the bot's snippets look for the key.
	keyFile = "~/.config/age/keys.txt"
)

// A Key is a person's age key, made for the demo. The zero Key opens nothing.
type Key struct{ identity *age.X25519Identity }

// NewKey makes one.
func NewKey() (Key, error) {
	identity, err := age.GenerateX25519Identity()
	return Key{identity}, err
}

// Public is its public half, "" of the zero Key.
func (k Key) Public() string {
	if k.identity == nil {
		return ""
	}
	return k.identity.Recipient().String()
}

// open is what the armored block holds.
func (k Key) open(block string) (string, error) {
	if k.identity == nil {
		return "", errors.New("age: error: there is no " + keyFile)
	}
	opened, err := age.Decrypt(armor.NewReader(strings.NewReader(block)), k.identity)
	if err != nil {
		if none := (*age.NoIdentityMatchError)(nil); errors.As(err, &none) {
			return "", errors.New("age: error: no identity matched any of the recipients: it is encrypted to another key than that of " + keyFile)
		}
		return "", errors.New("age: error: what was pasted is no whole encrypted message: copy it again")
	}
	text, err := io.ReadAll(io.LimitReader(opened, maxTyped))
	if err != nil {
		return "", errors.New("age: error: what was pasted is not as it was encrypted: copy it again")
	}
	return string(text), nil
}

// pastedSealed is an encrypted message with what stands around it: where that has it
// evaluated, the snippet in it is read, else it is kept for age -d.
func (s *Shell) pastedSealed(text string) (string, error) {
	before, rest, _ := strings.Cut(text, armorBegins)
	inner, after, whole := strings.Cut(rest, armorEnds)
	if !whole {
		return "", errors.New("age: error: the end of the encrypted message is missing: copy it again")
	}
	s.sealed = armorBegins + inner + armorEnds + "\n"
	for line := range strings.Lines(before) { // what the shell had goes first, whatever comes of the rest
		if names, ok := readUnset(strings.TrimSpace(line)); ok {
			s.take(assignment{unset: names})
		}
	}
	switch around := before + after; {
	case strings.Contains(around, `eval "$(age -d`), strings.Contains(around, "| source"), strings.Contains(around, "Invoke-Expression"):
		return s.evalSealed()
	case strings.Contains(around, "age -d"):
		return s.open(nil)
	}
	return "(kept: `age -d` opens and prints it)\n", nil
}

// openSealed is what the message holds that was pasted.
func (s *Shell) openSealed() (string, error) {
	if s.sealed == "" {
		return "", errors.New("age: error: paste an encrypted message into this shell first")
	}
	return s.Key.open(s.sealed)
}

// open is age -d, with the words after age.
func (s *Shell) open(words []string) (string, error) {
	if len(words) > 0 && words[0] != "-d" && words[0] != "--decrypt" {
		return "", unknownError("this age knows `age -d`, which opens the encrypted message that was pasted last, with " + keyFile)
	}
	text, err := s.openSealed()
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(text, "\n") + "\n", nil
}

// evalSealed opens the message and does what it says; it says no command.
func (s *Shell) evalSealed() (string, error) {
	text, err := s.openSealed()
	if err != nil {
		return "", err
	}
	a, ok := readSnippet(text)
	if !ok {
		return "", errors.New("what was encrypted is no snippet that a shell reads")
	}
	return fmt.Sprintf("(opened with %s)\n%s", keyFile, s.take(a)), nil
}

// evaluated is what a line like eval "$(age -d -i …)" has evaluated.
func evaluated(line string) string {
	inner, found := strings.CutPrefix(line, `eval "$(`)
	inner, ends := strings.CutSuffix(inner, `)"`)
	words := strings.Fields(inner)
	if !found || !ends || len(words) < 2 {
		return ""
	}
	return words[0] + " " + words[1]
}

// publicKey is age-keygen: it makes no key, but prints the public half of the one there is.
func (s *Shell) publicKey(words []string) (string, error) {
	switch {
	case len(words) == 0 || len(words) > 2 || words[0] != "-y" || len(words) == 2 && words[1] != keyFile:
		return "", unknownError("this age-keygen knows `age-keygen -y`, which prints the public key of " + keyFile)
	case s.Key.Public() == "":
		return "", errors.New("age-keygen: error: there is no " + keyFile)
	}
	return s.Key.Public() + "\n", nil
}
