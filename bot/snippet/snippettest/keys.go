package snippettest

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"
)

// A KeyPair is a public key as people paste it, and the private half as the
// file that age -i takes.
type KeyPair struct {
	Name, Public, Private string
}

// file is where the private half is kept, below home.
func (p KeyPair) file() string {
	switch p.Name {
	case "ssh-ed25519":
		return ".ssh/id_ed25519"
	case "ssh-rsa":
		return ".ssh/id_rsa"
	}
	return ".config/age/keys.txt"
}

// KeyPairs makes one of each kind, but for RSA, of which there is one: it takes long.
func KeyPairs(t testing.TB) []KeyPair {
	t.Helper()
	x, err := age.GenerateX25519Identity()
	Must(t, err)
	pq, err := age.GenerateHybridIdentity()
	Must(t, err)
	return []KeyPair{
		{"age", x.Recipient().String(), x.String()},
		{"age post-quantum", pq.Recipient().String(), pq.String()},
		SSHPair(t, Ed25519Key(t)),
		SSHPair(t, theRSAKey()),
	}
}

// Ed25519Key makes a private key.
func Ed25519Key(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	Must(t, err)
	return private
}

var theRSAKey = sync.OnceValue(func() *rsa.PrivateKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return private
})

// SSHPair is a private key as ssh-keygen writes it, with its public half.
func SSHPair(t testing.TB, private any) KeyPair {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(private)
	Must(t, err)
	block, err := ssh.MarshalPrivateKey(private, "alice@laptop.example")
	Must(t, err)
	return KeyPair{
		Name:    signer.PublicKey().Type(),
		Public:  strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))),
		Private: string(pem.EncodeToMemory(block)),
	}
}

// Keys that stay the same, so that what a fuzzer found can be read again.
const (
	ExampleAge = "age1dfqsuujhw7mvd2epmqjzv3765xwfnu9wktj5mqsxdpjj39qt7v7ssmjgyq"
	ExampleSSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL88ny8DQawjeG5AoQH4tLYApxc1FKtWPSq+6NyvmbaI"
)
