package auditchannel

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
)

// sources are the files of a package that are no tests.
func sources(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: no files, %v", dir, err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

func TestEveryCodeHasAPhrase(t *testing.T) {
	seen := 0
	for _, f := range sources(t, "../../broker") {
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(spec.Names[0].Name, "Code") || len(spec.Values) != 1 {
				return true
			}
			if code, ok := literal(spec.Values[0]); ok {
				seen++
				if phrases[broker.Code(code)][""] == nil {
					t.Errorf("%s has no phrase", spec.Names[0].Name)
				}
			}
			return true
		})
	}
	if seen < 60 || seen != len(phrases) {
		t.Errorf("got %d codes and phrases for %d, want a phrase for each", seen, len(phrases))
	}
}

// TestEveryDetailHasAPhrase finds the cases of codes where the errors are made.
func TestEveryDetailHasAPhrase(t *testing.T) {
	known := map[string]bool{"": true}
	for _, cases := range phrases {
		for detail := range cases {
			known[detail] = true
		}
	}
	seen := 0
	want := func(e ast.Expr) {
		if detail, ok := literal(e); ok {
			seen++
			if !known[detail] {
				t.Errorf("the detail %q has no phrase", detail)
			}
		}
	}
	for _, dir := range []string{"../../broker", "../../broker/awsapi"} {
		for _, f := range sources(t, dir) {
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.KeyValueExpr:
					if key, ok := n.Key.(*ast.Ident); ok && strings.EqualFold(key.Name, "Detail") {
						want(n.Value)
					}
				case *ast.CallExpr:
					if called := name(n.Fun); called == "detailed" || called == "signinError" || called == "toOrder" {
						for _, arg := range n.Args[:min(2, len(n.Args))] {
							if s, ok := literal(arg); ok && !strings.ContainsAny(s, " .") && s != "S3" {
								want(arg)
							}
						}
					}
				case *ast.AssignStmt:
					for i, to := range n.Lhs {
						if strings.EqualFold(name(to), "Detail") && i < len(n.Rhs) {
							want(n.Rhs[i])
						}
					}
				}
				return true
			})
		}
	}
	if seen < 50 {
		t.Errorf("got %d details, want more: does the test find them?", seen)
	}
}

func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

func TestPhrasesSpeakOfThePersonToOthers(t *testing.T) {
	e := told{}
	e.Account, e.Facts = "prod", event.Facts{Limit: 3600, Hours: "Mon-Fri 09:00-17:00 UTC", Pattern: "INC-[0-9]+", Region: "eu-west-1", HTTPStatus: 407}
	for code, cases := range phrases {
		for detail, say := range cases {
			got := say(e)
			words := strings.FieldsFunc(strings.ToLower(got), func(r rune) bool { return r < 'a' || r > 'z' })
			for _, word := range words {
				if word == "you" || word == "your" {
					t.Errorf("%s/%s: got %q, want the third person", code, detail, got)
				}
			}
			if !strings.HasSuffix(got, ".") || got == "." {
				t.Errorf("%s/%s: got %q, want a sentence", code, detail, got)
			}
		}
	}
}

func TestACodeOfALaterReleaseIsToldByItsName(t *testing.T) {
	e := told{Failure: event.Failure{Code: "too_loud", Detail: "very"}}
	if got, want := sentence(e), `The reason is "too_loud".`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	e.Code = string(broker.CodeStore)
	if got, want := sentence(e), "The bot's own store did not answer."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestEveryPayloadHasItsFacts: what a post is made of is taken from every kind.
func TestEveryPayloadHasItsFacts(t *testing.T) {
	act := event.Act{Account: "prod", Reason: event.NewText("INC-1")}
	given := event.Given{Account: "prod", Reason: act.Reason, Issued: event.Issued{AccessKeyID: "ASIA", Expires: event.At(goldentest.Now)}}
	failure := event.Failure{Code: "store_failed", Ref: "abcdefgh"}
	bob := event.Person{ID: "U02BOB", Name: "bob"}
	asked := event.Asked{Account: "prod", Reason: act.Reason, Target: bob, Comment: event.NewText("no")}
	order := event.Order{Target: bob, Reason: act.Reason, Failure: failure}
	want := map[event.Kind][]bool{ // whether it has a target, a code, an end and a comment
		event.Intent: {false, false, false, false}, event.Granted: {false, false, true, false}, event.Failed: {false, true, false, false},
		event.KeyChanged: {false, false, false, false}, event.LockedOut: {false, false, false, false},
		event.Unknown: {false, false, false, false}, event.NotActed: {false, false, false, false},
		event.Refused: {true, true, false, false}, event.Revoked: {true, true, false, false},
		event.Undelivered: {false, true, true, false}, event.Undeleted: {false, true, true, false}, event.Ended: {false, false, true, false},
		event.Approval: {true, false, false, true}, event.Acknowledged: {true, false, false, true},
		event.Blocked: {true, true, false, false}, event.Unblocked: {true, true, false, false}, event.Unlocked: {true, true, false, false},
		event.Paused: {true, true, false, false}, event.Resumed: {true, true, false, false}, event.Who: {false, false, false, false},
	}
	for _, p := range []event.Payload{
		event.IntentData{Act: act}, event.GrantedData{Act: act, Issued: given.Issued}, event.FailedData{Act: act, Failure: failure},
		event.KeyChangedData{Act: act}, event.LockedOutData{Act: act}, event.UnknownData{Act: act}, event.NotActedData{Act: act},
		event.RefusedData{Account: "prod", Reason: act.Reason, Target: bob, Failure: failure},
		event.RevokedData{Account: "prod", Reason: act.Reason, Target: bob, Failure: failure},
		event.UndeliveredData{Given: given, Failure: failure}, event.UndeletedData{Given: given, Failure: failure}, event.EndedData{Given: given},
		event.ApprovalData{Asked: asked, State: "denied"}, event.AcknowledgedData{Asked: asked},
		event.BlockedData{Order: order}, event.UnblockedData{Order: order}, event.UnlockedData{Order: order},
		event.PausedData{Order: order}, event.ResumedData{Order: order}, event.WhoData{Reason: act.Reason},
	} {
		e := factsOf(event.Event{Kind: p.Kind(), Data: p})
		if e.Reason.String() != "INC-1" {
			t.Errorf("%s: got the reason %q", p.Kind(), e.Reason)
		}
		got := []bool{e.Target == bob, e.Code != "", !e.Expires.IsZero(), !e.Comment.IsZero()}
		if diff := cmp.Diff(want[p.Kind()], got); diff != "" {
			t.Errorf("%s: target, code, end, comment: %s", p.Kind(), diff)
		}
	}
}

// TestEveryAlarmHasASentence finds the codes where they are said.
func TestEveryAlarmHasASentence(t *testing.T) {
	seen := 0
	for _, f := range slices.Concat(sources(t, "../../broker/record"), sources(t, "../../broker/record/sink")) {
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(spec.Names[0].Name, "alarm") || len(spec.Values) != 1 {
				return true
			}
			if code, ok := literal(spec.Values[0]); ok {
				seen++
				if alarms[code] == nil {
					t.Errorf("the alarm %q has no sentence", code)
				}
			}
			return true
		})
	}
	if seen != len(alarms) {
		t.Errorf("got %d alarms and sentences for %d, want one for each", seen, len(alarms))
	}
}
