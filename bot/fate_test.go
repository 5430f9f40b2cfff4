package bot

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/watch"
)

func TestAVisitThatNobodyWatchesCostsNothing(t *testing.T) {
	b, e := &core{}, socketmode.Envelope{Came: time.Now()}
	if got := testing.AllocsPerRun(100, func() {
		var to conversation
		b.fated(&to, watch.Command, e)
		to.fate.becomes(watch.Granted)
		to.fate.answered()
		to.fate.ended()
	}); got != 0 {
		t.Errorf("got %v allocations, want none", got)
	}
}

// told remembers what it is told of the ends of Visits.
type told struct {
	watch.Watcher
	all []string
}

func (t *told) Replied(s watch.Surface, _ time.Duration) { t.all = append(t.all, "replied "+string(s)) }
func (t *told) Served(s watch.Surface, o watch.Outcome) {
	t.all = append(t.all, string(s)+" "+string(o))
}

func TestAFateIsToldOnceWithItsFirstAnswerAndItsLastOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		lives func(f *fate)
		want  []string
	}{
		"an answer":        {func(f *fate) { f.answered(); f.answered() }, []string{"replied form", "form told"}},
		"credentials":      {func(f *fate) { f.answered(); f.becomes(watch.Granted) }, []string{"replied form", "form granted"}},
		"a mistake":        {func(f *fate) { f.fails(&broker.Error{Code: broker.CodeNotAllowed}) }, []string{"form refused"}},
		"ours":             {func(f *fate) { f.fails(&broker.Error{Code: broker.CodeStore}) }, []string{"form failed"}},
		"too much to do":   {func(f *fate) { f.fails(&broker.Error{Code: broker.CodeBusy}) }, []string{"form busy"}},
		"the last counts":  {func(f *fate) { f.becomes(watch.Granted); f.becomes(watch.Failed) }, []string{"form failed"}},
		"no answer at all": {func(*fate) {}, []string{"form told"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := &told{}
			b, to := &core{watch: w}, conversation{}
			b.fated(&to, watch.Form, socketmode.Envelope{})
			c.lives(to.fate)
			to.fate.ended()
			if diff := cmp.Diff(c.want, w.all); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}
