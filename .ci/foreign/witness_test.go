package foreign

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/record/witness"
	"github.com/assumebot/assumebot/broker/retry"
)

const witnessName = "witness.example/foreign"

// serveAgent keeps a key where litewitness looks for it.
func serveAgent(t *testing.T, path string, key ed25519.PrivateKey) {
	t.Helper()
	keys := agent.NewKeyring()
	if err := keys.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(keys, conn) }()
		}
	}()
}

// A litewitness is one, running.
type litewitness struct {
	url, vkey string
	db        string
}

func serveWitness(t *testing.T) litewitness {
	t.Helper()
	dir, err := os.MkdirTemp("", "w") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cosigner, err := torchwood.NewCosignatureSigner(witnessName, key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	serveAgent(t, filepath.Join(dir, "agent"), key)

	free, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	w := litewitness{url: "http://" + address, vkey: cosigner.Verifier().String(), db: filepath.Join(dir, "db")}
	cmd := exec.Command(program(t, "litewitness"), "-db", w.db, "-name", witnessName, "-listen", address,
		"-ssh-agent", filepath.Join(dir, "agent"), "-key", ssh.FingerprintSHA256(public))
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = retry.Pace{First: 10 * time.Millisecond, Longest: time.Second}.Do(ctx, func() error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// trust makes the witness accept l, as its operator does with witnessctl.
func (w litewitness) trust(t *testing.T, l *testLog) {
	t.Helper()
	db, err := sqlite.OpenConn(w.db, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	root := "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	for query, args := range map[string][]any{
		"INSERT OR IGNORE INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)": {origin, root},
		"INSERT INTO key (origin, key) VALUES (?, ?)":                               {origin, l.public},
	} {
		if err := sqlitex.Execute(db, query, &sqlitex.ExecOptions{Args: args}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAForeignWitnessCosignsAndRefuses(t *testing.T) {
	server := serveWitness(t)
	w, err := witness.New(server.url, server.vkey)
	if err != nil {
		t.Fatal(err)
	}
	all := witness.Set{Client: http.DefaultClient, Limit: time.Minute, Each: []witness.Witness{w}}
	ask := func(l *testLog, known int64) witness.Answer {
		return all.Ask(t.Context(), l.last, map[string]int64{witnessName: known}, l.hashes(t))[0]
	}

	l := newLog(t, server.vkey)
	l.grow(t, 5)
	if a := ask(l, 0); a.Err == nil || a.Refused() {
		t.Errorf("a log that it does not know: got %v", a)
	}
	server.trust(t, l)
	var before tree.Checkpoint
	for _, step := range []struct {
		size  int
		known int64
	}{{5, 0}, {5, 5}, {256, 5}, {300, 0}, {700, 7}} {
		l.grow(t, step.size)
		a := ask(l, step.known)
		if a.Err != nil || a.Size != int64(step.size) {
			t.Fatalf("size %d: got %v", step.size, a)
		}
		if step.size == 300 {
			before = l.last
		}
		raw, err := witness.Add(l.last, a)
		if err != nil {
			t.Fatal(err)
		}
		if l.publish(t, raw); len(l.last.Cosigned) != 1 || l.last.Cosigned[0].Witness != witnessName {
			t.Fatalf("size %d: got %v", step.size, l.last.Cosigned)
		}
	}

	behind := *l
	behind.last = before
	if a := ask(&behind, 0); !a.Refused() || a.Size != 700 {
		t.Errorf("a log that was set back: got %v", a)
	}
	other := newLog(t)
	other.kind = "other"
	server.trust(t, other)
	for _, size := range []int{700, 701} {
		other.grow(t, size)
		if a := ask(other, 700); !a.Refused() {
			t.Errorf("a log of %d other entries: got %v", size, a)
		}
	}
}
