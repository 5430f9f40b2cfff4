package tree

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// maxName is the most bytes of a key's name, to which an origin adds a number: in a
// cosignature it may have 255.
const maxName = 200

// A Signer signs checkpoints: the empty tree, and what provably follows one that was
// signed; and reports, which can be taken for none. It signs nothing else. Ed25519 gives the same bytes for the same text, so two
// that sign the same tree do not contradict each other.
type Signer struct {
	key     note.Signer
	reports note.Signer // the same key, for reports
	log     []logKey
}

// NewKey makes a key pair for the log called origin: the private key for a ring, and
// the public key for whoever checks.
func NewKey(origin string) (private, public string, err error) {
	if err := CheckOrigin(origin); err != nil {
		return "", "", err
	}
	return note.GenerateKey(rand.Reader, origin)
}

// CheckOrigin says why a log cannot be called name. It never repeats the name, which
// may be what was meant for somewhere else. A comma stands between keys of a ring.
func CheckOrigin(name string) error {
	separates := func(r rune) bool { return r == '+' || r == ',' || unicode.IsSpace(r) || !unicode.IsPrint(r) }
	switch {
	case name == "":
		return errors.New("a record has a name")
	case len(name) > maxName:
		return fmt.Errorf("the name of a record has at most %d bytes", maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, separates):
		return errors.New("the name of a record is printable text without white space, plus signs and commas")
	}
	return nil
}

// NewSigner reads a ring of private keys, the newest first: it signs, and all check.
// They have one name, the origin. No error tells anything of a key but its name.
func NewSigner(ring ...string) (*Signer, error) {
	s := &Signer{}
	for i, private := range ring {
		signer, verifier, err := cosignature.NewEd25519SignerVerifier(private)
		if err != nil {
			return nil, fmt.Errorf("key %d of the record is no private key as keygen makes it", i+1)
		}
		public, err := publicOf(private)
		if err != nil {
			return nil, fmt.Errorf("key %d of the record is no private key as keygen makes it", i+1)
		}
		if s.key == nil {
			s.key = signer
			if s.reports, err = reportSigner(private); err != nil {
				return nil, fmt.Errorf("key %d of the record is no private key as keygen makes it", i+1)
			}
		}
		s.log = append(s.log, logKey{verifier, public})
	}
	keys, err := s.PublicKeys()
	if err != nil {
		return nil, err
	}
	if err := CheckOrigin(keys.name); err != nil {
		return nil, fmt.Errorf("the name of the record's key: %w", err)
	}
	return s, nil
}

// publicOf is the public key of a private one: PRIVATE+KEY+NAME+HASH+SEED, where the seed
// stands in base64 after the byte of its algorithm. No error tells anything of it.
// https://pkg.go.dev/golang.org/x/mod/sumdb/note#hdr-Generating_Keys
func publicOf(private string) (string, error) {
	parts := strings.SplitN(private, "+", 5)
	if len(parts) != 5 {
		return "", errors.New("no private key")
	}
	seed, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return "", errors.New("no seed of Ed25519")
	}
	public := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	return note.NewEd25519VerifierKey(parts[2], public)
}

// Origin returns the name of the keys.
func (s *Signer) Origin() string { return s.key.Name() }

// PublicKeys returns what checks that which any key of the ring signed, together with
// the public keys of witnesses.
func (s *Signer) PublicKeys(witnesses ...string) (PublicKeys, error) {
	return newPublicKeys(s.log, witnesses)
}

// Empty signs the log called origin before its first entry: Origin, or a number after it.
func (s *Signer) Empty(origin string) ([]byte, error) {
	var none Edge
	return s.sign(Checkpoint{Origin: origin, Root: none.Root()})
}

// Advance signs the tree to as that which follows old, once hashes, which are those of
// to as HashReader gives them, prove that it does. For the tree of old it returns the
// note of old, with all signatures. It fails with ErrRewound, ErrForked, or why hashes
// could not be read, and has then signed nothing.
func (s *Signer) Advance(old Checkpoint, to tlog.Tree, hashes tlog.HashReader) ([]byte, error) {
	if _, err := ProveConsistency(old.Tree(), to, hashes); err != nil {
		return nil, err
	}
	if old.Size == to.N {
		return old.Note, nil
	}
	return s.sign(Checkpoint{Origin: old.Origin, Size: to.N, Root: to.Hash})
}

func (s *Signer) sign(c Checkpoint) ([]byte, error) {
	if !IsOriginOf(s.Origin(), c.Origin) {
		return nil, fmt.Errorf("the key of %s does not sign for %q", s.Origin(), c.Origin)
	}
	text := c.Text()
	if _, err := parseCheckpoint(text); err != nil {
		return nil, errors.Join(errors.New("nothing that could be signed"), err)
	}
	return note.Sign(&note.Note{Text: text}, s.key)
}
