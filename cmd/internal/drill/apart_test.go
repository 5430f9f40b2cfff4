package drill

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/internal/app"
)

// serves runs another replica on the world's Redis.
func (w *world) serves(t *testing.T, version string) {
	t.Helper()
	env := w.Env
	env.Version = version
	other, err := app.New(t.Context(), w.Config, w.Settings, env)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- other.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = other.Close()
	})
	<-other.Bot.Ready()
	if err := await(t.Context(), readyIn, func() (bool, error) {
		said, err := other.Store.Replicas.Alive(t.Context())
		return len(said) > 0, err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestADrillIsNotBegunWhereAnotherReleaseServes(t *testing.T) {
	w := newWorld(t)
	w.serves(t, "other")
	if r, err := Run(t.Context(), w.Options); err == nil || !strings.Contains(err.Error(), "drill with the release that serves") || r.Drill != "" {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestADrillBesideAReplicaThatServesPasses(t *testing.T) {
	w := newWorld(t)
	w.serves(t, "test")
	if r := w.drills(t); r.Result != Passed {
		t.Errorf("got %v", results(r))
	}
}

func TestADrillReadsWhatTheArchiveHas(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, "mfa_session: 8h", fmt.Sprintf("mfa_session: 8h\nrecord: {origin: record.example/drill, archive: %q}", dir))
	if r := w.drills(t); r.Result != Passed {
		t.Errorf("got %s", strings.Join(r.Lines(), "\n"))
	}
}

func TestNothingIsDoneWhereTheAuditChannelDoesNotTellOfTheDrill(t *testing.T) {
	w := newWorld(t)
	w.within = time.Second
	w.slack.Inject(slacktest.Fault{Method: "chat.postMessage", Times: -1, Error: "internal_error"})
	r, err := Run(t.Context(), w.Options)
	if err == nil || !strings.Contains(err.Error(), "so nothing was done") || r.Drill != "" {
		t.Errorf("got %+v, %v", r, err)
	}
	if n := len(w.aws.Calls()); n > 0 {
		t.Errorf("AWS was asked %d times", n)
	}
}

func TestAReportThatSaysOtherThanTheRecordIsRefusedThoughTheKeySignedIt(t *testing.T) {
	w := newWorld(t)
	w.Skip = []string{"credentials", "tokens", "refusal", "lock_out", "pause", "revoke", "redis_away"}
	r := w.drills(t)
	keys, err := w.signer(t).PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Report){
		"as it was":       func(*Report) {},
		"another result":  func(r *Report) { r.Steps[0].Result = Passed },
		"a step less":     func(r *Report) { r.Steps = r.Steps[1:] },
		"another drill":   func(r *Report) { r.Drill = "other" },
		"another replica": func(r *Report) { r.Replica = "other" },
		"twice the begin": func(r *Report) { r.EndedProof = r.BeganProof },
		"nothing proved":  func(r *Report) { r.EndedProof = "" },
		"another verdict": func(r *Report) { r.Result = Failed },
		"another asker":   func(r *Report) { r.User = "bob" },
		"another admin":   func(r *Report) { r.Admin = "carol" },
		"another Account": func(r *Report) { r.Account = "prod" },
		"run by another":  func(r *Report) { r.RunBy = "alice" },
		"more is left":    func(r *Report) { r.Left, r.Result = []string{"the pause"}, Failed },
		"another version": func(r *Report) { r.Version = 2 },
	} {
		changed := r
		changed.Steps = append([]Step(nil), r.Steps...)
		change(&changed)
		var out bytes.Buffer
		if err := changed.Write(&out, w.signer(t)); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(out.Bytes(), keys); (err == nil) != (name == "as it was") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAPauseThatAnAdminGivesMeanwhileIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.serves(t, "test")
	pausing := false
	w.typing = func(d *drill, text string) {
		switch {
		case strings.HasPrefix(text, "pause"):
			pausing = true
		case pausing:
			pausing = false
			// As an admin in Slack does, who knows nothing of the drill: another replica serves them.
			if _, err := w.slack.Command("U02BOB", "C0AUDIT", "/assume", "pause because of an incident"); err != nil {
				t.Error(err)
			}
			err := await(t.Context(), readyIn, func() (bool, error) {
				own, err := d.paused(t.Context())
				return !own, err
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
	r := w.drills(t)
	wantFailed(t, r, "pause", "the drill's own pause stands")
	if again, err := Run(t.Context(), w.Options); err == nil || !strings.Contains(err.Error(), "paused already") {
		t.Errorf("got %+v, %v, want the admin's pause to stand", again, err)
	}
}

func TestAnAdminsPauseBelowTheDrillsOwnIsLeftAlone(t *testing.T) {
	for when, prefix := range map[string]string{"before the step": "unlock", "as the drill pauses": "pause"} {
		t.Run(when, func(t *testing.T) {
			w := newWorld(t)
			w.serves(t, "test")
			w.typing = func(d *drill, text string) {
				if !strings.HasPrefix(text, prefix) || strings.HasPrefix(text, "unlock") && len(d.undo) < 3 {
					return
				}
				if _, err := w.slack.Command("U02BOB", "C0AUDIT", "/assume", "pause because of an incident"); err != nil {
					t.Error(err)
				}
				if err := await(t.Context(), readyIn, func() (bool, error) {
					_, err := d.app.Record.End(t.Context())
					_, pause := d.app.Record.Orders("")
					return pause != nil, err
				}); err != nil {
					t.Error(err)
				}
			}
			w.drills(t)
			if again, err := Run(t.Context(), w.Options); err == nil || !strings.Contains(err.Error(), "paused already") {
				t.Errorf("got %+v, %v, want the admin's pause to stand", again, err)
			}
		})
	}
}
