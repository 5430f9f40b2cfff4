package drill

import (
	"bytes"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/record/tree"
)

func (w *world) signer(t *testing.T) *tree.Signer {
	t.Helper()
	s, err := tree.NewSigner(w.key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestADrillThatFindsNothingWrongIsReportedSignedAndProved(t *testing.T) {
	w := newWorld(t)
	r := w.drills(t)
	if len(results(r)) != 0 || len(r.Left) != 0 || r.Result != Passed || len(r.Steps) != len(Names()) {
		t.Fatalf("got %s\n%v", strings.Join(r.Lines(), "\n"), r.Left)
	}
	var out bytes.Buffer
	if err := r.Write(&out, w.signer(t)); err != nil {
		t.Fatal(err)
	}
	keys, err := w.signer(t).PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	c, err := Read(out.Bytes(), keys)
	if err != nil || c.Began >= c.Last || c.Checkpoint.Size <= c.Last || c.Origin != "record.example/drill" {
		t.Errorf("got %+v, %v", c, err)
	}
	for _, secret := range []string{"alice-secret-key", w.slack.BotToken(), "SessionToken\": \"", storeKey(w)} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the report holds %q", secret)
		}
	}
	var told []string
	for _, m := range w.slack.InChannel("C0AUDIT") {
		told = append(told, m.Plain())
	}
	all := strings.Join(told, "\n")
	if !strings.Contains(all, "Drill begun by carol") || !strings.Contains(all, "Drill ended by carol: 8 steps passed") {
		t.Errorf("the audit channel tells:\n%s", all)
	}
}

func storeKey(w *world) string { return w.Settings.SealKeys[0].Reveal() }
