package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/endpoint"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// A witness (C2SP tlog-witness) cosigns a checkpoint when a proof shows that the log
// still begins with all that it cosigned before. So it remembers, outside of our reach,
// how far the record went. A request names the size that the witness has, and proves
// from there; with another size the witness answers its own, and is asked once more.

// maxAnswer is the most bytes that are read of an answer: some signatures, or a size.
const maxAnswer = 32 << 10

// errElsewhere says that the witness has another size than the request proved from.
var errElsewhere = errors.New("it cosigned another size meanwhile")

// A Witness is one that is asked for cosignatures.
type Witness struct {
	name string
	vkey string
	url  string
	key  note.Verifiers
}

// New reads the submission prefix of a witness, https or on this machine, and
// its public key.
func New(prefix, key string) (Witness, error) {
	v, err := tree.WitnessKey(key)
	if err != nil {
		return Witness{}, err
	}
	u, err := witnessURL(prefix)
	if err != nil {
		return Witness{}, fmt.Errorf("the URL of witness %s %w", v.Name(), err)
	}
	return Witness{name: v.Name(), vkey: key, url: u.JoinPath("add-checkpoint").String(), key: note.VerifierList(v)}, nil
}

// CheckURL says why prefix cannot be the URL of a witness.
func CheckURL(prefix string) error {
	_, err := witnessURL(prefix)
	return err
}

// witnessURL never repeats prefix in an error: it may hold a password.
func witnessURL(prefix string) (*url.URL, error) {
	u, err := url.Parse(prefix)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("is not a scheme, a host and a path alone, as https://witness.example/prefix")
	case u.Scheme != "https" && (u.Scheme != "http" || !endpoint.Loopback(u.Hostname())):
		return nil, errors.New("is not https")
	}
	return u, nil
}

// Name reads the public key of a witness, and returns its name.
func Name(key string) (string, error) {
	v, err := tree.WitnessKey(key)
	if err != nil {
		return "", err
	}
	return v.Name(), nil
}

// Name returns the name of the witness's key.
func (w Witness) Name() string { return w.name }

// Key returns the witness's public key.
func (w Witness) Key() string { return w.vkey }

// An Answer is what became of asking one witness for one checkpoint.
type Answer struct {
	Witness string
	Size    int64 // how many entries the witness has seen of the log; -1: it did not say
	// Err is nil when the witness cosigned. It is ErrRewound or ErrForked when the
	// witness refused, since it has seen entries that the checkpoint lacks; two signers at
	// once look the same to the one that is behind. Anything else is why there is none.
	Err error

	cosignatures []note.Signature
}

// Refused reports whether the witness has seen what the checkpoint lacks.
func (a Answer) Refused() bool {
	return errors.Is(a.Err, tree.ErrRewound) || errors.Is(a.Err, tree.ErrForked)
}

// Set are asked all at once.
type Set struct {
	Client *http.Client
	Limit  time.Duration // for the answer of each
	Each   []Witness
}

// Keys returns the public keys of the witnesses.
func (ws Set) Keys() []string {
	var keys []string
	for _, each := range ws.Each {
		keys = append(keys, each.Key())
	}
	return keys
}

// Ask asks each witness to cosign c, and returns their answers in order once all are
// there. known is how many entries each had seen, by its name, as far as it was
// remembered. hashes are those of the tree as HashReader gives them.
func (ws Set) Ask(ctx context.Context, c tree.Checkpoint, known map[string]int64, hashes tlog.HashReader) []Answer {
	answers := make([]Answer, len(ws.Each))
	var all sync.WaitGroup
	for i, w := range ws.Each {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, ws.Limit)
			defer cancel()
			answers[i] = w.ask(ctx, ws.Client, c, known[w.name], hashes)
		})
	}
	all.Wait()
	return answers
}

// Add returns the note of c with the cosignatures of answers, in place of older ones
// of the same keys.
func Add(c tree.Checkpoint, answers ...Answer) ([]byte, error) {
	var has *note.UnverifiedNoteError
	if _, err := note.Open(c.Note, nil); !errors.As(err, &has) {
		return nil, fmt.Errorf("a checkpoint: %w", err)
	}
	fresh := make(map[string]bool)
	var sigs []note.Signature
	for _, a := range answers {
		for _, sig := range a.cosignatures {
			fresh[fmt.Sprintf("%s+%08x", sig.Name, sig.Hash)] = true
			sigs = append(sigs, sig)
		}
	}
	var all []note.Signature
	for _, sig := range has.Note.UnverifiedSigs {
		if !fresh[fmt.Sprintf("%s+%08x", sig.Name, sig.Hash)] {
			all = append(all, sig)
		}
	}
	raw, err := note.Sign(&note.Note{Text: has.Note.Text, UnverifiedSigs: append(all, sigs...)})
	if err == nil && len(raw) > tree.MaxNote {
		err = fmt.Errorf("a checkpoint of %d bytes", len(raw))
	}
	return raw, err
}

func (w Witness) ask(ctx context.Context, client *http.Client, c tree.Checkpoint, known int64, hashes tlog.HashReader) Answer {
	a := w.submit(ctx, client, c, min(max(known, 0), c.Size), hashes)
	if errors.Is(a.Err, errElsewhere) {
		a = w.submit(ctx, client, c, a.Size, hashes)
	}
	if a.Err != nil {
		a.Err = fmt.Errorf("witness %s: %w", w.name, a.Err)
	}
	return a
}

// submit asks once, with a proof from the size old.
func (w Witness) submit(ctx context.Context, client *http.Client, c tree.Checkpoint, old int64, hashes tlog.HashReader) Answer {
	absent := func(err error) Answer { return Answer{Witness: w.name, Size: -1, Err: err} }
	body := fmt.Appendf(nil, "old %d\n", old)
	if 0 < old && old < c.Size {
		proof, err := tlog.ProveTree(c.Size, old, hashes)
		if err != nil {
			return absent(fmt.Errorf("prove what it cosigned before: %w", err))
		}
		for _, h := range proof {
			body = fmt.Appendf(body, "%s\n", h)
		}
	}
	// Other witnesses' cosignatures are none of its business, and some refuse more than 10 KiB.
	signed, err := note.Sign(&note.Note{Text: c.Text(), Sigs: c.Signed})
	if err != nil {
		return absent(err)
	}
	body = append(append(body, '\n'), signed...)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return absent(err)
	}
	straight := *client
	straight.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := straight.Do(req)
	if err != nil {
		return absent(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return absent(err)
	}
	if len(answer) > maxAnswer {
		return absent(errors.New("its answer is too long"))
	}
	return w.read(c, res.StatusCode, res.Header.Get("Content-Type"), answer)
}

// read says what an answer means.
func (w Witness) read(c tree.Checkpoint, status int, contentType string, body []byte) Answer {
	a := Answer{Witness: w.name, Size: -1}
	switch status {
	case http.StatusOK:
		a.cosignatures, a.Err = w.verify(c, body)
		if a.Err == nil {
			a.Size = c.Size
		}
	case http.StatusConflict:
		a.Size, a.Err = readSize(contentType, body)
		switch {
		case a.Err != nil:
		case a.Size > c.Size:
			a.Err = fmt.Errorf("%w: it has seen %d entries, and there are %d", tree.ErrRewound, a.Size, c.Size)
		default:
			a.Err = errElsewhere
		}
	case http.StatusUnprocessableEntity:
		a.Err = fmt.Errorf("%w: it has seen others than the %d that there are", tree.ErrForked, c.Size)
	case http.StatusForbidden:
		a.Err = errors.New("it does not accept the key of the record")
	case http.StatusNotFound:
		a.Err = fmt.Errorf("it does not know the log %s", c.Origin)
	default:
		a.Err = fmt.Errorf("it answered with status %d", status)
	}
	return a
}

// verify returns the cosignatures of the witness's key among the signature lines of an
// answer. Those of other keys count for nothing.
func (w Witness) verify(c tree.Checkpoint, lines []byte) ([]note.Signature, error) {
	text := c.Text()
	n, err := note.Open(append([]byte(text+"\n"), lines...), w.key)
	if err != nil {
		return nil, fmt.Errorf("its cosignature: %w", err)
	}
	if n.Text != text {
		return nil, errors.New("its cosignature is of another text")
	}
	for _, sig := range n.Sigs {
		if _, err := tree.ReadCosignature(sig); err != nil {
			return nil, err
		}
	}
	return n.Sigs, nil
}

// readSize reads the size that a witness has.
func readSize(contentType string, body []byte) (int64, error) {
	if media, _, err := mime.ParseMediaType(contentType); err != nil || media != "text/x.tlog.size" {
		return -1, errors.New("it answered with status 409 and no size")
	}
	digits, ok := bytes.CutSuffix(body, []byte("\n"))
	size, err := strconv.ParseUint(string(digits), 10, 64)
	if !ok || err != nil || size > tree.MaxSize || strconv.FormatUint(size, 10) != string(digits) {
		return -1, fmt.Errorf("it answered with the size %.30q", body)
	}
	return int64(size), nil
}
