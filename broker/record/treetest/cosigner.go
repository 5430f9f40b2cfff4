package treetest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

// A Cosigner makes cosignatures by the text of C2SP tlog-cosignature, for Ed25519, and
// not by the library that checks them.
type Cosigner struct {
	name string
	key  ed25519.PrivateKey
	At   uint64 // the time of its cosignatures
}

// NewCosigner returns one with a new key.
func NewCosigner(t testing.TB, name string) *Cosigner {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Cosigner{name: name, key: key, At: 1_800_000_000}
}

// Timeless is c, which gives no time.
func (c *Cosigner) Timeless() *Cosigner { return &Cosigner{name: c.name, key: c.key} }

func (c *Cosigner) publicKey() []byte {
	return append([]byte{4}, c.key.Public().(ed25519.PublicKey)...)
}

// VKey returns its public key.
func (c *Cosigner) VKey() string {
	return fmt.Sprintf("%s+%08x+%s", c.name, c.KeyHash(), base64.StdEncoding.EncodeToString(c.publicKey()))
}

// Name implements note.Signer.
func (c *Cosigner) Name() string { return c.name }

// KeyHash implements note.Signer.
func (c *Cosigner) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(c.name+"\n"), c.publicKey()...))
	return binary.BigEndian.Uint32(sum[:])
}

// Sign implements note.Signer.
func (c *Cosigner) Sign(text []byte) ([]byte, error) {
	message := fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", c.At, text)
	return append(binary.BigEndian.AppendUint64(nil, c.At), ed25519.Sign(c.key, message)...), nil
}

// NoteOf signs any text.
func NoteOf(t testing.TB, text string, signers ...note.Signer) []byte {
	t.Helper()
	raw, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// LineOf returns the signature line that s makes for text.
func LineOf(s note.Signer, text string) []byte {
	raw, _ := note.Sign(&note.Note{Text: text}, s)
	return raw[len(text)+1:]
}
