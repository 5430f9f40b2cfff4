package tree

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/transparency-dev/formats/log"
	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// MaxNote is the most bytes of a signed checkpoint: room for the log's signature and
// those of a dozen witnesses, of the largest kind.
const MaxNote = 64 << 10

// signersShown is of how many signers an error tells.
const signersShown = 3

// ErrNoCheckpoint says that nothing of the record is signed yet, or that it is lost.
var ErrNoCheckpoint = errors.New("the record has no checkpoint")

// A Checkpoint is the size and root of a log, as its key signed them: C2SP
// tlog-checkpoint without extension lines. Only PublicKeys.Check makes one.
type Checkpoint struct {
	Origin   string // which log
	Size     int64
	Root     tlog.Hash
	Cosigned []Cosignature // of the witnesses that are known
	Note     []byte        // as it was signed, with all signatures

	Signed []note.Signature // by keys of the log
}

// A Cosignature says that a witness saw nothing of a log change or vanish up to a
// checkpoint, and none that is larger.
type Cosignature struct {
	Witness string // the name of its key
	At      time.Time
}

// Tree returns size and root.
func (c Checkpoint) Tree() tlog.Tree { return tlog.Tree{N: c.Size, Hash: c.Root} }

// PublicKeys are what the checkpoints of a log are checked with.
type PublicKeys struct {
	name      string            // of each key of the log
	log       map[uint32]string // these keys as they are printed, by their hashes
	verifiers note.Verifiers    // of the log and its witnesses
	witnesses []string          // names
}

// NewPublicKeys reads the public keys of a log, which have one name, and those of its
// witnesses, whose names differ: C2SP signed-note verifier keys, for Ed25519 and for
// cosignatures.
func NewPublicKeys(log, witnesses []string) (PublicKeys, error) {
	verifiers := make([]logKey, len(log))
	for i, key := range log {
		v, err := note.NewVerifier(key)
		switch {
		case strings.HasPrefix(key, "PRIVATE+KEY+"):
			return PublicKeys{}, fmt.Errorf("public key %d of the record is the private one: give the one that begins with its name", i+1)
		case err != nil:
			return PublicKeys{}, fmt.Errorf("public key %d of the record is not NAME+HASH+KEY as it was printed: %w", i+1, err)
		}
		verifiers[i] = logKey{v, key}
	}
	return newPublicKeys(verifiers, witnesses)
}

// A logKey is a public key of a log.
type logKey struct {
	note.Verifier
	printed string // NAME+HASH+KEY
}

func newPublicKeys(log []logKey, witnesses []string) (PublicKeys, error) {
	if len(log) == 0 {
		return PublicKeys{}, errors.New("the record has no key")
	}
	k := PublicKeys{name: log[0].Name(), log: make(map[uint32]string)}
	var all []note.Verifier
	for _, v := range log {
		if v.Name() != k.name {
			return PublicKeys{}, fmt.Errorf("the keys of the record have two names, %s and %s", k.name, v.Name())
		}
		if k.log[v.KeyHash()] == "" { // a ring may have one twice
			k.log[v.KeyHash()] = v.printed
			all = append(all, v.Verifier)
		}
	}
	names := make(map[string]bool)
	for _, key := range witnesses {
		v, err := WitnessKey(key)
		if err != nil {
			return PublicKeys{}, err
		}
		if names[v.Name()] {
			return PublicKeys{}, fmt.Errorf("two witnesses are called %s", v.Name())
		}
		names[v.Name()] = true
		k.witnesses = append(k.witnesses, v.Name())
		all = append(all, v)
	}
	k.verifiers = note.VerifierList(all...)
	return k, nil
}

// WitnessKey reads the public key of a witness, of the kinds that make cosignatures.
func WitnessKey(key string) (note.Verifier, error) {
	v, err := cosignature.NewVerifierForCosignatureV1(key)
	if err != nil {
		return nil, fmt.Errorf("public key of a witness: %w", err)
	}
	// The library computes the hash that stands in a key, and does not compare it.
	if !strings.HasPrefix(key, fmt.Sprintf("%s+%08x+", v.Name(), v.KeyHash())) {
		return nil, fmt.Errorf("the public key of witness %s is damaged, or is none for cosignatures", v.Name())
	}
	return v, nil
}

// Uncosigned returns the names of the witnesses that did not cosign c.
func (k PublicKeys) Uncosigned(c Checkpoint) []string {
	return slices.DeleteFunc(slices.Clone(k.witnesses), func(name string) bool {
		return slices.ContainsFunc(c.Cosigned, func(by Cosignature) bool { return by.Witness == name })
	})
}

// Signers returns the public keys of the log that signed c, as they are printed.
func (k PublicKeys) Signers(c Checkpoint) []string {
	var out []string
	for _, sig := range c.Signed {
		out = append(out, k.log[sig.Hash])
	}
	return out
}

// Name returns the name of the log's keys, which is the origin of its first log.
func (k PublicKeys) Name() string { return k.name }

// Check returns the checkpoint of the log called origin that raw is, once one of its
// keys has signed it. It refuses a note in which a signature of a known key is wrong;
// those of unknown keys count for nothing.
func (k PublicKeys) Check(raw []byte, origin string) (Checkpoint, error) {
	if len(raw) > MaxNote {
		return Checkpoint{}, fmt.Errorf("a checkpoint of %d bytes", len(raw))
	}
	n, err := note.Open(raw, k.verifiers)
	if err != nil {
		return Checkpoint{}, notOpened(err)
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != origin || !IsOriginOf(k.name, origin) {
		return Checkpoint{}, fmt.Errorf("a checkpoint of %q, signed by %s, where one of %q was expected", c.Origin, k.name, origin)
	}
	c.Note = raw
	for _, sig := range n.Sigs {
		if sig.Name == k.name && k.log[sig.Hash] != "" {
			c.Signed = append(c.Signed, sig)
			continue
		}
		cosigned, err := ReadCosignature(sig)
		if err != nil {
			return Checkpoint{}, err
		}
		c.Cosigned = append(c.Cosigned, cosigned)
	}
	if len(c.Signed) == 0 {
		return Checkpoint{}, fmt.Errorf("a checkpoint that no key of %s signed", k.name)
	}
	return c, nil
}

// notOpened says of a checkpoint that none of the keys signed by which it was.
func notOpened(err error) error {
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return fmt.Errorf("a checkpoint: %w", err)
	}
	var by []string
	for _, sig := range unverified.Note.UnverifiedSigs[:min(len(unverified.Note.UnverifiedSigs), signersShown)] {
		by = append(by, fmt.Sprintf("%.64q (%08x)", sig.Name, sig.Hash))
	}
	return fmt.Errorf("a checkpoint that none of these keys signed; it is signed by %s", strings.Join(by, ", "))
}

// parseCheckpoint reads the text of a checkpoint in its one form.
func parseCheckpoint(text string) (Checkpoint, error) {
	var c log.Checkpoint
	if _, err := c.Unmarshal([]byte(text)); err != nil {
		return Checkpoint{}, err
	}
	if c.Size > MaxSize || len(c.Hash) != tlog.HashSize || string(c.Marshal()) != text {
		return Checkpoint{}, fmt.Errorf("a checkpoint of %d entries in a form that ours never have", c.Size)
	}
	out := Checkpoint{Origin: c.Origin, Size: int64(c.Size), Root: tlog.Hash(c.Hash)}
	var none Edge
	if out.Size == 0 && out.Root != none.Root() {
		return Checkpoint{}, errors.New("a checkpoint of no entries with a root of some")
	}
	return out, nil
}

// Text is what is signed.
func (c Checkpoint) Text() string {
	return string(log.Checkpoint{Origin: c.Origin, Size: uint64(c.Size), Hash: c.Root[:]}.Marshal()) //nolint:gosec // never negative
}

// ReadCosignature reads the time of a verified cosignature. C2SP tlog-witness demands one.
func ReadCosignature(sig note.Signature) (Cosignature, error) {
	at, err := cosignature.CoSigV1Timestamp(sig)
	if err != nil {
		return Cosignature{}, fmt.Errorf("cosignature of %s: %w", sig.Name, err)
	}
	if at.Unix() <= 0 || at.Year() > 9999 {
		return Cosignature{}, fmt.Errorf("cosignature of %s: no time", sig.Name)
	}
	return Cosignature{Witness: sig.Name, At: at.UTC()}, nil
}

// IsOriginOf reports whether a key of that name signs the log called origin: that of
// its name, or one that was opened after it, as name/2.
func IsOriginOf(name, origin string) bool {
	if origin == name {
		return true
	}
	number, ok := strings.CutPrefix(origin, name+"/")
	n, err := strconv.ParseUint(number, 10, 31)
	return ok && err == nil && n >= 2 && strconv.FormatUint(n, 10) == number
}

// CheckAny is Check for whichever log of the key raw says that it is of.
func (k PublicKeys) CheckAny(raw []byte) (Checkpoint, error) {
	c, err := Unchecked(raw)
	if err != nil {
		return Checkpoint{}, err
	}
	return k.Check(raw, c.Origin)
}

// Unchecked reads the text of a checkpoint, whoever signed it.
func Unchecked(raw []byte) (Checkpoint, error) {
	if len(raw) > MaxNote {
		return Checkpoint{}, fmt.Errorf("a checkpoint of %d bytes", len(raw))
	}
	var has *note.UnverifiedNoteError
	if _, err := note.Open(raw, note.VerifierList()); !errors.As(err, &has) {
		return Checkpoint{}, fmt.Errorf("a checkpoint: %w", err)
	}
	return parseCheckpoint(has.Note.Text)
}

// CheckEdge returns the checkpoint that note is and the edge of its tree, which has to be
// that of the tree that was signed.
func (k PublicKeys) CheckEdge(note, edge []byte, origin string) (Checkpoint, Edge, error) {
	c, err := k.Check(note, origin)
	if err != nil {
		return Checkpoint{}, Edge{}, err
	}
	var e Edge
	if err := e.UnmarshalBinary(edge); err != nil {
		return Checkpoint{}, Edge{}, err
	}
	if e.Tree() != c.Tree() {
		return Checkpoint{}, Edge{}, fmt.Errorf("the edge beside the checkpoint of %d entries is that of another tree", c.Size)
	}
	return c, e, nil
}
