package treetest

import (
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

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A Witness is a witness of one log by the text of C2SP tlog-witness.
type Witness struct {
	*Cosigner
	URL    string         // its submission prefix
	Origin string         // of the log
	log    note.Verifiers // who may sign for it

	Before func() // serving a request; may be nil

	mu       sync.Mutex
	requests []string  // the first line of each
	Tree     tlog.Tree // that it has seen
}

// StartWitness starts a witness of the log called origin, whose public key is vkey.
func StartWitness(t testing.TB, origin, vkey string) *Witness {
	t.Helper()
	key, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	w := &Witness{Cosigner: NewCosigner(t, "witness.example/w1"), Origin: origin, log: note.VerifierList(key)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /some/prefix/add-checkpoint", w.serve)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	w.URL = server.URL + "/some/prefix"
	return w
}

func (w *Witness) serve(rw http.ResponseWriter, r *http.Request) {
	if w.Before != nil {
		w.Before()
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
	if !strings.HasPrefix(raw, w.Origin+"\n") {
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
	case old != w.Tree.N:
		rw.Header().Set("Content-Type", "text/x.tlog.size")
		rw.WriteHeader(http.StatusConflict)
		fmt.Fprintf(rw, "%d\n", w.Tree.N)
	case old == tree.N && old > 0 && tree.Hash != w.Tree.Hash,
		old == 0 && len(proof) > 0,
		old > 0 && tlog.CheckTree(proof, tree.N, tree.Hash, old, w.Tree.Hash) != nil:
		http.Error(rw, "inconsistent", http.StatusUnprocessableEntity)
	default:
		w.Tree = tree
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

// Took returns the requests since it was last asked.
func (w *Witness) Took() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { w.requests = nil }()
	return strings.Join(w.requests, ", ")
}
