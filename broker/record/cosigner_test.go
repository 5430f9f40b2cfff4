package record

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"
)

// A cosigner makes cosignatures by the text of C2SP tlog-cosignature, for Ed25519, and
// not by the library that checks them.
type cosigner struct {
	name string
	key  ed25519.PrivateKey
	at   uint64
}

func newCosigner(t testing.TB, name string) *cosigner {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &cosigner{name: name, key: key, at: 1_800_000_000}
}

func (c *cosigner) publicKey() []byte {
	return append([]byte{4}, c.key.Public().(ed25519.PublicKey)...)
}

func (c *cosigner) vkey() string {
	return fmt.Sprintf("%s+%08x+%s", c.name, c.KeyHash(), base64.StdEncoding.EncodeToString(c.publicKey()))
}

func (c *cosigner) Name() string { return c.name }

func (c *cosigner) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(c.name+"\n"), c.publicKey()...))
	return binary.BigEndian.Uint32(sum[:])
}

func (c *cosigner) Sign(text []byte) ([]byte, error) {
	message := fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", c.at, text)
	return append(binary.BigEndian.AppendUint64(nil, c.at), ed25519.Sign(c.key, message)...), nil
}
