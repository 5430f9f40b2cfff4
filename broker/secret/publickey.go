package secret

// A PublicKey is an age or SSH public key that credentials are encrypted to. It
// holds no secret, and nothing of what a person typed beside the key.
type PublicKey struct {
	Text        string // canonical: age1…, or ssh-ed25519 or ssh-rsa and the base64, without a comment
	Type        string // age, age post-quantum, ssh-ed25519, ssh-rsa
	Fingerprint string // as ssh-keygen -l prints it; the shortened recipient for age
}

// Empty reports whether there is no key.
func (k PublicKey) Empty() bool { return k.Text == "" }

// A Sealing says how Credentials may be shown: encrypted to a key, or in clear.
// Its zero value says neither: nobody looked, so nothing may be shown. Whoever
// shows Credentials anew looks again, since the key may have changed.
type Sealing struct {
	known bool
	key   PublicKey
}

// InClear is the Sealing of a User without a key.
func InClear() Sealing { return Sealing{known: true} }

// SealedTo is the Sealing of a User whose key is k, which must not be empty.
func SealedTo(k PublicKey) Sealing { return Sealing{known: !k.Empty(), key: k} }

// Known reports whether anything may be shown at all.
func (s Sealing) Known() bool { return s.known }

// Key returns the key to encrypt to; ok is false when Credentials go in clear.
func (s Sealing) Key() (k PublicKey, ok bool) { return s.key, s.known && !s.key.Empty() }
