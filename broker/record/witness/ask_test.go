package witness

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/record/treetest"
)

const testOrigin = "record.example/bot"

func newSigner(t testing.TB) (s *tree.Signer, public string) {
	t.Helper()
	private, public, err := tree.NewKey(testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = tree.NewSigner(private); err != nil {
		t.Fatal(err)
	}
	return s, public
}

func keysOf(t testing.TB, s *tree.Signer, witnesses ...string) tree.PublicKeys {
	t.Helper()
	keys, err := s.PublicKeys(witnesses...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// signedBy returns the checkpoint that s signs of the first size entries of full.
func signedBy(t testing.TB, s *tree.Signer, full *treetest.Full, size int64) tree.Checkpoint {
	t.Helper()
	raw, err := s.Empty(testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	empty, err := keysOf(t, s).Check(raw, testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err = s.Advance(empty, full.At(t, size), full); err != nil {
		t.Fatal(err)
	}
	c, err := keysOf(t, s).Check(raw, testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// serveWitness starts a witness of what the key public checks, and returns how to ask it.
func serveWitness(t *testing.T, public string) (*treetest.Witness, Witness) {
	t.Helper()
	server := treetest.StartWitness(t, testOrigin, public)
	client, err := New(server.URL, server.VKey())
	if err != nil {
		t.Fatal(err)
	}
	return server, client
}

// askOne asks one witness that is known to have seen known entries.
func askOne(t *testing.T, w Witness, c tree.Checkpoint, known int64, hashes tlog.HashReader) Answer {
	t.Helper()
	all := Set{Client: http.DefaultClient, Limit: time.Minute, Each: []Witness{w}}
	return all.Ask(t.Context(), c, map[string]int64{w.Name(): known}, hashes)[0]
}

func TestAWitnessCosignsWhatFollowsWhatItSaw(t *testing.T) {
	full := treetest.FullOf(t, 300)
	s, public := newSigner(t)
	server, w := serveWitness(t, public)
	keys := keysOf(t, s, server.VKey())
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
		c := signedBy(t, s, full, step.size)
		a := askOne(t, w, c, step.known, full)
		if got := server.Took(); a.Err != nil || a.Size != step.size || got != step.requests {
			t.Fatalf("%d: got %v by %q, want it by %q", step.size, a, got, step.requests)
		}
		raw, err := Add(c, a)
		if err != nil {
			t.Fatal(err)
		}
		got, err := keys.Check(raw, testOrigin)
		if err != nil || len(got.Cosigned) != 1 || got.Cosigned[0].Witness != server.Name() {
			t.Fatalf("%d: got %v, %v", step.size, got.Cosigned, err)
		}
	}
}

func TestAWitnessThatSawMoreRefuses(t *testing.T) {
	full := treetest.FullOf(t, 20)
	s, public := newSigner(t)
	server, w := serveWitness(t, public)
	server.Tree = full.At(t, 20)
	for _, known := range []int64{0, 5, 12, 20, 100} {
		a := askOne(t, w, signedBy(t, s, full, 12), known, full)
		if !errors.Is(a.Err, tree.ErrRewound) || !a.Refused() || a.Size != 20 {
			t.Errorf("known %d: got %v, want %v", known, a, tree.ErrRewound)
		}
	}
}

func TestAWitnessThatSawOtherEntriesRefuses(t *testing.T) {
	full := treetest.FullOf(t, 20)
	s, public := newSigner(t)
	server, w := serveWitness(t, public)
	for _, size := range []int64{3, 12} {
		server.Tree = tlog.Tree{N: size, Hash: tlog.Hash{1}}
		for _, known := range []int64{0, size} {
			a := askOne(t, w, signedBy(t, s, full, 12), known, full)
			if !errors.Is(a.Err, tree.ErrForked) || !a.Refused() {
				t.Errorf("size %d, known %d: got %v, want %v", size, known, a, tree.ErrForked)
			}
		}
	}
}

func TestAWitnessThatDoesNotKnowUsIsAbsent(t *testing.T) {
	full := treetest.FullOf(t, 3)
	s, public := newSigner(t)
	server, w := serveWitness(t, public)
	stranger, _ := newSigner(t)
	c := signedBy(t, stranger, full, 3)
	if a := askOne(t, w, c, 0, full); a.Err == nil || a.Refused() || !strings.Contains(a.Err.Error(), "does not accept the key") {
		t.Errorf("another key: got %v", a)
	}
	server.Origin = "record.example/other"
	if a := askOne(t, w, signedBy(t, s, full, 3), 0, full); a.Err == nil || a.Refused() || !strings.Contains(a.Err.Error(), "does not know the log") {
		t.Errorf("another log: got %v", a)
	}
}

func TestAnAnswerThatIsNoCosignatureCountsForNothing(t *testing.T) {
	s, _ := newSigner(t)
	full := treetest.FullOf(t, 20)
	c := signedBy(t, s, full, 12)
	w, stranger := treetest.NewCosigner(t, "witness.example/w1"), treetest.NewCosigner(t, "witness.example/w1")
	client, err := New("http://127.0.0.1", w.VKey())
	if err != nil {
		t.Fatal(err)
	}
	good := treetest.LineOf(w, c.Text())
	if a := client.read(c, 200, "", good); a.Err != nil {
		t.Fatal(a.Err)
	}
	timeless := w.Timeless()
	const size = "text/x.tlog.size"
	for name, answer := range map[string]struct {
		status      int
		contentType string
		body        string
	}{
		"nothing":                      {200, "", ""},
		"another key":                  {200, "", string(treetest.LineOf(stranger, c.Text()))},
		"another text":                 {200, "", string(treetest.LineOf(w, "x\n"+c.Text()))},
		"a note of another text":       {200, "", "\n" + string(treetest.NoteOf(t, c.Text()+"\n"+c.Text(), w))},
		"a whole note":                 {200, "", string(treetest.NoteOf(t, c.Text(), w))},
		"no time":                      {200, "", string(treetest.LineOf(timeless, c.Text()))},
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
	s, _ := newSigner(t)
	full := treetest.FullOf(t, 20)
	c := signedBy(t, s, full, 12)
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
		w, err := New(server.URL, treetest.NewCosigner(t, "witness.example/w1").VKey())
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
	s, public := newSigner(t)
	full := treetest.FullOf(t, 20)
	c := signedBy(t, s, full, 20)
	first, w1 := serveWitness(t, public)
	second, w2 := serveWitness(t, public)
	asked := make(chan struct{})
	first.Before = func() { <-asked }
	second.Before = func() { close(asked) }
	all := Set{Client: http.DefaultClient, Limit: time.Minute, Each: []Witness{w1, w2}}
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
	full := treetest.FullOf(t, 20)
	s, public := newSigner(t)
	server, w := serveWitness(t, public)
	keys := keysOf(t, s, server.VKey())
	c := signedBy(t, s, full, 20)
	for _, at := range []uint64{1_800_000_000, 1_800_000_600} {
		server.At = at
		raw, err := Add(c, askOne(t, w, c, 0, full), Answer{Err: errors.New("absent")})
		if err != nil {
			t.Fatal(err)
		}
		if c, err = keys.Check(raw, testOrigin); err != nil {
			t.Fatal(err)
		}
		if got := server.Took(); strings.Contains(got, "another") {
			t.Errorf("got %s", got)
		}
		if len(c.Cosigned) != 1 || c.Cosigned[0].At.Unix() != int64(at) || strings.Count(string(raw), "— ") != 2 {
			t.Errorf("got %v in\n%s", c.Cosigned, raw)
		}
	}
}

func TestAWitnessIsAskedOverTLSOrOnThisMachine(t *testing.T) {
	key := treetest.NewCosigner(t, "witness.example/w1").VKey()
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
		got, err := New(prefix, key)
		if (err == nil) != (want != "") || got.url != want {
			t.Errorf("%q: got %q, %v; want %q", prefix, got.url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("a password shows: %v", err)
		}
	}
	if _, err := New("https://witness.example", key+"A"); err == nil {
		t.Error("a damaged key: got no error")
	}
}

func FuzzWitnessAnswer(f *testing.F) {
	s, _ := newSigner(f)
	full := treetest.FullOf(f, 12)
	w := treetest.NewCosigner(f, "witness.example/w1")
	client, err := New("http://127.0.0.1", w.VKey())
	if err != nil {
		f.Fatal(err)
	}
	c := signedBy(f, s, full, 12)
	keys := keysOf(f, s, w.VKey())
	f.Add(200, "text/plain", treetest.LineOf(w, c.Text()))
	f.Add(409, "text/x.tlog.size", []byte("7\n"))
	f.Add(409, "text/x.tlog.size; charset=utf-8", []byte("70\n"))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		a := client.read(c, status, contentType, body)
		if a.Size < -1 || a.Size > tree.MaxSize || errors.Is(a.Err, errElsewhere) && a.Size > c.Size {
			t.Fatalf("got %v", a)
		}
		raw, err := Add(c, a)
		if err != nil {
			t.Fatal(err)
		}
		got, err := keys.Check(raw, testOrigin)
		if err != nil || (a.Err == nil) != (len(got.Cosigned) == 1) {
			t.Fatalf("got %v and %v, %v", a, got.Cosigned, err)
		}
	})
}
