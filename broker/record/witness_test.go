package record

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A testWitness is a witness of one log by the text of C2SP tlog-witness.
type testWitness struct {
	*cosigner
	origin string
	log    note.Verifiers // who may sign for it

	before func() // serving a request; may be nil

	mu       sync.Mutex
	requests []string // the first line of each
	tree     tlog.Tree
}

// serveWitness starts a witness of what s signs, and returns how to ask it.
func serveWitness(t *testing.T, s *Signer) (*testWitness, Witness) {
	t.Helper()
	w := &testWitness{cosigner: newCosigner(t, "witness.example/w1"), origin: s.Origin(), log: note.VerifierList(s.log...)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /some/prefix/add-checkpoint", w.serve)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	client, err := NewWitness(server.URL+"/some/prefix", w.vkey())
	if err != nil {
		t.Fatal(err)
	}
	return w, client
}

func (w *testWitness) serve(rw http.ResponseWriter, r *http.Request) {
	if w.before != nil {
		w.before()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	head, raw, ok := strings.Cut(string(body), "\n\n")
	lines := strings.Split(head, "\n")
	w.requests = append(w.requests, lines[0])
	old, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
	if !ok || err != nil || lines[0] != fmt.Sprintf("old %d", old) || len(lines) > 64 {
		http.Error(rw, "bad request", http.StatusBadRequest)
		return
	}
	var proof tlog.TreeProof
	for _, line := range lines[1:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			http.Error(rw, "bad hash", http.StatusBadRequest)
			return
		}
		proof = append(proof, h)
	}
	if !strings.HasPrefix(raw, w.origin+"\n") {
		http.Error(rw, "unknown log", http.StatusNotFound)
		return
	}
	n, err := note.Open([]byte(raw), w.log)
	if err == nil && len(n.UnverifiedSigs) > 0 {
		w.requests = append(w.requests, "a signature of another")
	}
	if err != nil {
		http.Error(rw, "not signed", http.StatusForbidden)
		return
	}
	tree, err := treeOf(n.Text)
	switch {
	case err != nil || old > tree.N:
		http.Error(rw, "bad checkpoint", http.StatusBadRequest)
	case old != w.tree.N:
		rw.Header().Set("Content-Type", "text/x.tlog.size")
		rw.WriteHeader(http.StatusConflict)
		fmt.Fprintf(rw, "%d\n", w.tree.N)
	case old == tree.N && old > 0 && tree.Hash != w.tree.Hash,
		old == 0 && len(proof) > 0,
		old > 0 && tlog.CheckTree(proof, tree.N, tree.Hash, old, w.tree.Hash) != nil:
		http.Error(rw, "inconsistent", http.StatusUnprocessableEntity)
	default:
		w.tree = tree
		line, _ := note.Sign(&note.Note{Text: n.Text}, w)
		_, _ = rw.Write(line[len(n.Text)+1:])
	}
}

// treeOf reads the text of a checkpoint, not as the code under test does.
func treeOf(text string) (tlog.Tree, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 {
		return tlog.Tree{}, errors.New("not three lines")
	}
	n, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, errors.New("no root")
	}
	return tlog.Tree{N: n, Hash: tlog.Hash(root)}, nil
}

func (w *testWitness) took() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { w.requests = nil }()
	return strings.Join(w.requests, ", ")
}

// askOne asks one witness that is known to have seen known entries.
func askOne(t *testing.T, w Witness, c Checkpoint, known int64, hashes tlog.HashReader) Answer {
	t.Helper()
	all := Witnesses{Client: http.DefaultClient, Limit: time.Minute, Each: []Witness{w}}
	return all.Ask(t.Context(), c, map[string]int64{w.Name(): known}, hashes)[0]
}

func TestAWitnessCosignsWhatFollowsWhatItSaw(t *testing.T) {
	s, full := newTestSigner(t), fullOf(t, 300)
	server, w := serveWitness(t, s)
	keys := publicKeys(t, s, server.vkey())
	for _, step := range []struct {
		size, known int64
		requests    string
	}{
		{7, 0, "old 0"},
		{7, 7, "old 7"},
		{20, 7, "old 7"},
		{256, 0, "old 0, old 20"},
		{257, 300, "old 257, old 256"}, // the witness lost something, or we did
		{300, -5, "old 0, old 257"},
	} {
		c := checkpointOf(t, s, full, step.size)
		a := askOne(t, w, c, step.known, full)
		if got := server.took(); a.Err != nil || a.Size != step.size || got != step.requests {
			t.Fatalf("%d: got %v by %q, want it by %q", step.size, a, got, step.requests)
		}
		raw, err := c.With(a)
		if err != nil {
			t.Fatal(err)
		}
		got, err := keys.Check(raw, testOrigin)
		if err != nil || len(got.Cosigned) != 1 || got.Cosigned[0].Witness != server.name {
			t.Fatalf("%d: got %v, %v", step.size, got.Cosigned, err)
		}
	}
}

func TestAWitnessThatSawMoreRefuses(t *testing.T) {
	s, full := newTestSigner(t), fullOf(t, 20)
	server, w := serveWitness(t, s)
	server.tree = full.at(t, 20)
	for _, known := range []int64{0, 5, 12, 20, 100} {
		a := askOne(t, w, checkpointOf(t, s, full, 12), known, full)
		if !errors.Is(a.Err, ErrRewound) || !a.Refused() || a.Size != 20 {
			t.Errorf("known %d: got %v, want %v", known, a, ErrRewound)
		}
	}
}

func TestAWitnessThatSawOtherEntriesRefuses(t *testing.T) {
	s, full := newTestSigner(t), fullOf(t, 20)
	server, w := serveWitness(t, s)
	for _, size := range []int64{3, 12} {
		server.tree = tlog.Tree{N: size, Hash: tlog.Hash{1}}
		for _, known := range []int64{0, size} {
			a := askOne(t, w, checkpointOf(t, s, full, 12), known, full)
			if !errors.Is(a.Err, ErrForked) || !a.Refused() {
				t.Errorf("size %d, known %d: got %v, want %v", size, known, a, ErrForked)
			}
		}
	}
}

func TestAWitnessThatDoesNotKnowUsIsAbsent(t *testing.T) {
	s, full := newTestSigner(t), fullOf(t, 3)
	server, w := serveWitness(t, s)
	c := checkpointOf(t, newTestSigner(t), full, 3)
	if a := askOne(t, w, c, 0, full); a.Err == nil || a.Refused() || !strings.Contains(a.Err.Error(), "does not accept the key") {
		t.Errorf("another key: got %v", a)
	}
	server.origin = "record.example/other"
	if a := askOne(t, w, checkpointOf(t, s, full, 3), 0, full); a.Err == nil || a.Refused() || !strings.Contains(a.Err.Error(), "does not know the log") {
		t.Errorf("another log: got %v", a)
	}
}

func TestAnAnswerThatIsNoCosignatureCountsForNothing(t *testing.T) {
	s, full := newTestSigner(t), fullOf(t, 20)
	c := checkpointOf(t, s, full, 12)
	w, stranger := newCosigner(t, "witness.example/w1"), newCosigner(t, "witness.example/w1")
	client, err := NewWitness("http://127.0.0.1", w.vkey())
	if err != nil {
		t.Fatal(err)
	}
	good := lineOf(w, c.text())
	if a := client.read(c, 200, "", good); a.Err != nil {
		t.Fatal(a.Err)
	}
	timeless := &cosigner{name: w.name, key: w.key}
	const size = "text/x.tlog.size"
	for name, answer := range map[string]struct {
		status      int
		contentType string
		body        string
	}{
		"nothing":                      {200, "", ""},
		"another key":                  {200, "", string(lineOf(stranger, c.text()))},
		"another text":                 {200, "", string(lineOf(w, "x\n"+c.text()))},
		"a note of another text":       {200, "", "\n" + string(noteOf(t, c.text()+"\n"+c.text(), w))},
		"a whole note":                 {200, "", string(noteOf(t, c.text(), w))},
		"no time":                      {200, "", string(lineOf(timeless, c.text()))},
		"a page":                       {200, "text/html", "<html>"},
		"a cut line":                   {200, "", string(good[:len(good)-1])},
		"accepted":                     {202, "", string(good)},
		"moved":                        {302, "", string(good)},
		"broken":                       {500, "", string(good)},
		"bad request":                  {400, "", ""},
		"a conflict of another kind":   {409, "text/plain", "3\n"},
		"a conflict without a kind":    {409, "", "3\n"},
		"a conflict without a size":    {409, size, ""},
		"a size without an end":        {409, size, "3"},
		"a size with a zero before":    {409, size, "03\n"},
		"a negative size":              {409, size, "-3\n"},
		"a size with a sign":           {409, size, "+3\n"},
		"two sizes":                    {409, size, "3\n3\n"},
		"a size that no log has":       {409, size, "9007199254740993\n"},
		"a size that no number can be": {409, size, "99999999999999999999\n"},
	} {
		if a := client.read(c, answer.status, answer.contentType, []byte(answer.body)); a.Err == nil || a.Refused() || a.Size != -1 || a.cosignatures != nil {
			t.Errorf("%s: got %v, want none", name, a)
		}
	}
}

func TestAWitnessIsAskedTwiceAtMostAndNeverElsewhere(t *testing.T) {
	s, full := newTestSigner(t), fullOf(t, 20)
	c := checkpointOf(t, s, full, 12)
	for name, handle := range map[string]http.HandlerFunc{
		"a size that changes": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/x.tlog.size")
			rw.WriteHeader(http.StatusConflict)
			_, _ = rw.Write([]byte("3\n"))
		},
		"a redirect": func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"an answer without end": func(rw http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := rw.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		},
	} {
		var mu sync.Mutex
		var paths []string
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			mu.Lock()
			paths = append(paths, r.URL.Path)
			mu.Unlock()
			handle(rw, r)
		}))
		w, err := NewWitness(server.URL, newCosigner(t, "witness.example/w1").vkey())
		if err != nil {
			t.Fatal(err)
		}
		a := askOne(t, w, c, 0, full)
		server.Close()
		if a.Err == nil || a.Refused() || len(paths) > 2 || paths[len(paths)-1] != "/add-checkpoint" {
			t.Errorf("%s: got %v after %v", name, a, paths)
		}
	}
}

func TestWitnessesAreAskedAllAtOnceAndEachWithALimit(t *testing.T) {
	s, full := newTestSigner(t), fullOf(t, 20)
	c := checkpointOf(t, s, full, 20)
	first, w1 := serveWitness(t, s)
	second, w2 := serveWitness(t, s)
	asked := make(chan struct{})
	first.before = func() { <-asked }
	second.before = func() { close(asked) }
	all := Witnesses{Client: http.DefaultClient, Limit: time.Minute, Each: []Witness{w1, w2}}
	for i, a := range all.Ask(t.Context(), c, nil, full) {
		if a.Err != nil {
			t.Errorf("witness %d: got %v", i, a)
		}
	}
	all.Limit = -1
	for i, a := range all.Ask(t.Context(), c, nil, full) {
		if !errors.Is(a.Err, context.DeadlineExceeded) || a.Refused() {
			t.Errorf("witness %d: got %v, want %v", i, a, context.DeadlineExceeded)
		}
	}
}

func TestCosignaturesOfTheSameKeyAreReplaced(t *testing.T) {
	s, full := newTestSigner(t), fullOf(t, 20)
	server, w := serveWitness(t, s)
	keys := publicKeys(t, s, server.vkey())
	c := checkpointOf(t, s, full, 20)
	for _, at := range []uint64{1_800_000_000, 1_800_000_600} {
		server.at = at
		raw, err := c.With(askOne(t, w, c, 0, full), Answer{Err: errors.New("absent")})
		if err != nil {
			t.Fatal(err)
		}
		if c, err = keys.Check(raw, testOrigin); err != nil {
			t.Fatal(err)
		}
		if got := server.took(); strings.Contains(got, "another") {
			t.Errorf("got %s", got)
		}
		if len(c.Cosigned) != 1 || c.Cosigned[0].At.Unix() != int64(at) || strings.Count(string(raw), "— ") != 2 {
			t.Errorf("got %v in\n%s", c.Cosigned, raw)
		}
	}
}

func TestAWitnessIsAskedOverTLSOrOnThisMachine(t *testing.T) {
	key := newCosigner(t, "witness.example/w1").vkey()
	for prefix, want := range map[string]string{
		"https://witness.example":          "https://witness.example/add-checkpoint",
		"https://witness.example/":         "https://witness.example/add-checkpoint",
		"https://witness.example/a/b":      "https://witness.example/a/b/add-checkpoint",
		"https://witness.example:8443/a/":  "https://witness.example:8443/a/add-checkpoint",
		"http://127.0.0.1:7380":            "http://127.0.0.1:7380/add-checkpoint",
		"http://localhost/w":               "http://localhost/w/add-checkpoint",
		"http://[::1]:80":                  "http://[::1]:80/add-checkpoint",
		"http://witness.example":           "",
		"http://localhost.example":         "",
		"http://0.0.0.0":                   "",
		"ftp://127.0.0.1":                  "",
		"https://":                         "",
		"https:witness.example":            "",
		"witness.example":                  "",
		"":                                 "",
		"https://witness.example?a=b":      "",
		"https://witness.example?":         "",
		"https://witness.example#a":        "",
		"https://me:hush@witness.example":  "",
		"https://witness.example/%zz":      "",
		"https://witness.example\n/":       "",
		"http://127.0.0.1@witness.example": "",
	} {
		got, err := NewWitness(prefix, key)
		if (err == nil) != (want != "") || got.url != want {
			t.Errorf("%q: got %q, %v; want %q", prefix, got.url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("a password shows: %v", err)
		}
	}
	if _, err := NewWitness("https://witness.example", key+"A"); err == nil {
		t.Error("a damaged key: got no error")
	}
}

func FuzzWitnessAnswer(f *testing.F) {
	s, full := newTestSigner(f), fullOf(f, 12)
	w := newCosigner(f, "witness.example/w1")
	client, err := NewWitness("http://127.0.0.1", w.vkey())
	if err != nil {
		f.Fatal(err)
	}
	c := checkpointOf(f, s, full, 12)
	keys := publicKeys(f, s, w.vkey())
	f.Add(200, "text/plain", lineOf(w, c.text()))
	f.Add(409, "text/x.tlog.size", []byte("7\n"))
	f.Add(409, "text/x.tlog.size; charset=utf-8", []byte("70\n"))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		a := client.read(c, status, contentType, body)
		if a.Size < -1 || a.Size > MaxSize || errors.Is(a.Err, errElsewhere) && a.Size > c.Size {
			t.Fatalf("got %v", a)
		}
		raw, err := c.With(a)
		if err != nil {
			t.Fatal(err)
		}
		got, err := keys.Check(raw, testOrigin)
		if err != nil || (a.Err == nil) != (len(got.Cosigned) == 1) {
			t.Fatalf("got %v and %v, %v", a, got.Cosigned, err)
		}
	})
}
