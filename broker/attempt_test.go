package broker_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
)

// A rule says what is true after steps fail in one of the ways hows. A dash says
// that it all goes on as if nothing had failed.
type rule struct {
	steps, hows string
	events      string // on the record, with their codes
	code        string // free, spent, begun: its MFA session is there; beginning: others wait for it
	approval    string // approved, used
	kept        string // all: what the flow keeps
	says        string // the Code that the person is told; served, or silence
}

const goesOn = "-"

// rules hold for each attempt. Those of attempt.go, in its order: before AWS is
// asked a failure gives back what was claimed; once it is asked, only what AWS
// certainly did not use; nobody has what is not on the record, nor what an order
// overtook.
var rules = []rule{
	{"calls", "fails lost gone cut", "refused:store_failed", "free", "approved", "", "store_failed"},
	{"calls", "panics", "", "free", "approved", "", "panic"},
	{"calls", "ends", "", "free", "approved", "", "silence"},

	{"code", "fails lost gone cut", "refused:store_failed", "free", "approved", "", "store_failed"},
	{"code", "panics", "", "free", "approved", "", "panic"},
	{"code", "ends", "", "spent", "approved", "", "silence"},

	{"approval", "fails gone", "refused:store_failed", "free", "approved", "", "store_failed"},
	{"approval", "lost", goesOn, "", "", "", ""}, // it looks whether it was taken
	{"approval", "cut", "", "free", "approved", "", "record_failed"},
	{"approval", "panics", "", "free", "approved", "", "panic"},
	{"approval", "ends", "", "spent", "used", "", "silence"},

	{"intent", "fails gone", "", "free", "approved", "", "record_failed"},
	{"intent", "lost cut", "intent", "free", "approved", "", "record_failed"}, // the audit channel tells of an intent without outcome
	{"intent", "slow", "intent failed:store_failed", "free", "approved", "", "store_failed"},
	{"intent", "panics", "intent", "free", "approved", "", "panic"},
	{"intent", "ends", "intent", "spent", "used", "", "silence"},

	{"ask", "denied", "intent failed:role_not_trusted", "spent", "approved", "", "role_not_trusted"},
	{"ask", "wrong", "intent failed:wrong_code", "spent", "approved", "", "wrong_code"},
	{"ask", "unread", "intent failed:key_invalid", "free", "approved", "", "key_invalid"},
	{"ask", "lost gone cut", "intent failed:outcome_unknown", "spent", "used", "", "outcome_unknown"},
	{"ask", "panics", "intent", "spent", "used", "", "panic"},
	{"ask", "ends", "intent", "spent", "used", "", "silence"},

	{"look", "fails lost", goesOn, "", "", "", ""}, // the record is the process's own: it cannot
	{"look", "ordered", "intent failed:blocked", "spent", "used", "", "blocked"},
	{"look", "panics", "intent", "spent", "used", "", "panic"},
	{"look", "ends", "intent", "spent", "used", "", "silence"},

	{"outcome", "fails", "intent", "spent", "used", "", "record_failed"},
	{"outcome", "lost", "intent granted", "spent", "used", "", "record_failed"},
	{"outcome", "panics", "intent granted", "spent", "used", "", "panic"},
	{"outcome", "ends", "intent granted", "spent", "used", "", "silence"},

	{"keep", "fails", goesOn, "", "", "none", ""}, // it is shown once
	{"keep", "lost", goesOn, "", "", "", ""},
	{"keep", "panics", "intent granted", "spent", "used", "all", "panic"},
	{"keep", "ends", "intent granted", "spent", "used", "all", "silence"},

	{"look-again", "fails lost", "intent granted failed:store_failed", "spent", "used", "", "store_failed"},
	{"look-again", "ordered", "intent granted failed:blocked", "spent", "used", "", "blocked"},
	{"look-again", "panics", "intent granted", "spent", "used", "all", "panic"},
	{"look-again", "ends", "intent granted", "spent", "used", "all", "silence"},

	{"look outcome keep look-again", "gone", goesOn, "", "", "", ""}, // AWS was asked

	{"use", "fails gone", "", "", "", "all", "record_failed"},
	{"use", "lost", "use", "", "", "all", "record_failed"},
	{"use", "panics", "use", "", "", "all", "panic"},
	{"use", "ends", "use", "", "", "all", "silence"},

	{"list", "fails lost gone", "failed:buckets_refused", "", "", "all", "buckets_refused"},
	{"link", "fails lost gone", "failed:signin_failed", "", "", "all", "served"}, // the credentials, instead of a link
	{"list link", "panics", "", "", "", "all", "panic"},
	{"list link", "ends", "", "", "", "all", "silence"},
}

// A state is what there is after a flow.
type state struct{ Events, Code, Approval, Kept, Says string }

// part is which part of a flow a step belongs to: what comes before all, an
// attempt that begins an MFA session, one that does not, and what follows.
func part(step string) int {
	switch step {
	case "calls":
		return 0
	case "use":
		return 3
	case "list", "link":
		return 4
	}
	if strings.HasPrefix(step, "session.") {
		return 1
	}
	return 2
}

// end is the state when nothing fails.
func (f flow) end() state {
	end := state{Events: f.events, Kept: f.keeps, Says: "served"}
	if f.code {
		end.Code = "spent"
	}
	if f.shared {
		end.Code = "begun"
	}
	if f.approval {
		end.Approval = "used"
	}
	return end
}

// before are the Events of the parts before that of a step.
func (f flow) before(step string) []string {
	var events []string
	for _, s := range strings.Fields(f.steps) {
		if part(s) == part(step) {
			break
		}
		switch strings.TrimPrefix(s, "session.") {
		case "intent", "outcome", "use":
			events = append(events, f.event(strings.TrimPrefix(s, "session.")))
		}
	}
	return events
}

// event is the kind that a step, or a word of a rule, stands for in this flow.
func (f flow) event(word string) string {
	switch kinds := strings.Fields(f.events); word {
	case "outcome", "granted":
		if f.outcome == "" {
			return "granted"
		}
		return f.outcome
	case "use":
		return kinds[len(kinds)-1]
	}
	return word
}

// after is the state after a step fails as the rule says.
func (f flow) after(step, how string, r rule) state {
	want := f.end()
	if r.events != goesOn {
		events := f.before(step)
		for _, word := range strings.Fields(r.events) {
			events = append(events, f.event(word))
		}
		want = state{Events: strings.Join(events, " "), Code: want.Code, Approval: want.Approval, Says: r.says}
	}
	switch {
	case !f.code || r.code == "":
	case own(r) || part(step) != 2 || !f.shared:
		want.Code = r.code
	}
	if part(step) == 1 && r.code == "spent" && (how == panics || how == ends) {
		want.Code = "beginning" // nobody says what came of it
	}
	switch {
	case !f.approval || r.approval == "":
	case part(step) == 1 && r.events != goesOn && !own(r):
		want.Approval = "approved" // it comes later
	default:
		want.Approval = r.approval
	}
	switch {
	case r.kept == "all":
		want.Kept = f.keeps
	case r.kept == "none":
		want.Kept = ""
	case r.kept != "":
		want.Kept = r.kept
	case r.events != goesOn && f.shared && part(step) == 2:
		want.Kept = "session"
	}
	return want
}

// own reports whether a rule is of one flow alone.
func own(r rule) bool { return !slices.Contains(rules, r) }

// applies reports whether AWS can fail in that way: only a call with a code is
// told that the code is wrong.
func (f flow) applies(step, how string) bool {
	return how != wrong || f.code && (!f.shared || part(step) == 1)
}

func TestEachStepOfAnAttemptMayFail(t *testing.T) {
	for _, f := range flows {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.run(t, "", "", f.end())
			done := map[string]bool{}
			for _, r := range slices.Concat(f.but, rules) {
				for _, step := range strings.Fields(f.steps) {
					if named := strings.Fields(r.steps); !slices.Contains(named, step) && (own(r) || !slices.Contains(named, strings.TrimPrefix(step, "session."))) {
						continue
					}
					for _, how := range strings.Fields(r.hows) {
						if name := step + " " + how; !done[name] && f.applies(step, how) {
							done[name] = true
							f.run(t, step, how, f.after(step, how, r))
						}
					}
				}
			}
			for _, step := range strings.Fields(f.steps) {
				if !done[step+" "+ends] {
					t.Errorf("no rule says what is left when the process ends at %s", step)
				}
			}
		})
	}
}

// run makes the flow fail at one step, and compares what is left.
func (f flow) run(t *testing.T, at, how string, want state) {
	t.Run(strings.TrimSpace(at+" "+how), func(t *testing.T) {
		s := newStage(t, at, how)
		if f.prepare != nil {
			f.prepare(t, s)
		}
		approval := ""
		if f.approval {
			approval = s.approve(t, f.account)
		}
		before := len(s.events(t))
		code := ""
		if f.code {
			code = s.bench.device.Code()
		}
		r := s.bench.request(f.account, code)
		r.SentCode = f.code
		answered, err := s.run(t, func(ctx context.Context, br *broker.Broker) error { return f.do(ctx, br, r) })
		got := state{
			Events: strings.Join(s.events(t)[before:], " "), Code: s.codeOf(t, r), Approval: s.stateOf(t, approval), Kept: s.kept(t, f, r),
			Says: told(answered, err),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s%v", diff, err)
		}
		if at != "" && !s.failed {
			t.Errorf("the flow never came to %s", at)
		}
		if steps := strings.Fields(f.steps); at == "" && !slices.Equal(s.steps, steps) || !inOrder(s.steps, steps) {
			t.Errorf("got the steps %v, want these in their order: %v", s.steps, steps)
		}
		wantSaidOfCode(t, err, f.code && got.Code == "free", at)
		if how != ordered {
			s.wantNext(t, code, got)
		}
	})
}

// inOrder reports whether some are of all, in their order.
func inOrder(some, all []string) bool {
	for _, step := range all {
		if len(some) > 0 && some[0] == step {
			some = some[1:]
		}
	}
	return len(some) == 0
}

// told is the Code that the person reads.
func told(answered bool, err error) string {
	var e *broker.Error
	switch {
	case !answered:
		return "silence"
	case err == nil:
		return "served"
	case errors.As(err, &e):
		return string(e.Code)
	}
	return err.Error()
}

// wantSaidOfCode wants the person to be told that a code is unused if it is, and
// only then.
func wantSaidOfCode(t *testing.T, err error, unused bool, at string) {
	t.Helper()
	var e *broker.Error
	if !errors.As(err, &e) {
		return
	}
	if len(e.What) == 0 || len(e.Hint) == 0 {
		t.Errorf("got %q and hint %q, want both", prose.Plain(e.What), prose.Plain(e.Hint))
	}
	if got := e.Use == broker.UseUnused; got != unused {
		t.Errorf("%s: got use %v, want it to say that the code was not used: %t", at, e.Use, unused)
	}
}

// wantNext wants another process, after this one, to take the same code of another
// Request if it is free, to serve it if the MFA session is there that it began, and
// to refuse it otherwise.
func (s *stage) wantNext(t *testing.T, code string, is state) {
	t.Helper()
	next, want := standing(t, s.bench, s.rest, "", "").process(), "served"
	var err error
	switch is.Code {
	case "free", "spent":
		_, err = next.Keys.ChangeKey(t.Context(), s.bench.request("", code), keyOf("next"))
	case "begun":
		_, err = next.MFASessions.BeginMFASession(t.Context(), s.bench.request("", code))
	default: // nothing was sent, or others would wait for it
		return
	}
	if is.Code == "spent" || is.Code == "begun" && !strings.Contains(is.Kept, "session") {
		want = string(broker.CodeCodeSpent)
	}
	if got := told(true, err); got != want {
		t.Errorf("the next request with the code: got %s (%v), want %s", got, err, want)
	}
}
