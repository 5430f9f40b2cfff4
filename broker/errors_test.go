package broker

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

func TestEveryConstructorSaysWhatHappenedAndWhatToDo(t *testing.T) {
	b := New(Deps{Config: &policy.Config{Contact: "#help-aws"}, Now: time.Now})
	withCode := Request{ID: "abcdefghij", Account: "prod", Code: mustCode(t), SentCode: true}
	down := errors.New("down")
	for name, test := range map[string]struct {
		e   *Error
		use CodeUse // of a code that was sent, if AWS was not asked
	}{
		"internal":       {AsError(down, "abcdefghij"), UseUnused},
		"store away":     {StoreAway(down, "so nothing was issued"), UseUnused},
		"store down":     {storeDown(down), UseUnused},
		"store is newer": {storeDown(ErrNewer), UseUnused},
		"order unsure":   {orderUnsure(down, "the bot is paused"), UseUnused},
		"may be kept":    {mayBeKept(down, "credentials", inAMinute()), UseUnused},
		"not ended":      {notEnded(down, "so it runs"), UseUnused},
		"store slow":     {storeSlow("AWS was not asked"), UseUnused},
		"unstored":       {unstored(down, "AWS took the code."), UseSpent},
		"orders":         {ordersUnknown(down), UseUnused},
		"groups":         {groupsUnknown(down), UseUnused},
		"standing":       {standingUnknown(ErrStore), UseUnused},
		"record away":    {recordAway(down, "nothing was issued"), UseUnused},
		"unrecorded":     {unrecorded(down, "AWS issued credentials", "they were thrown away", UseSpent), UseSpent},
		"too long":       {tooLong("prod is issued for", time.Hour), UseUnused},
		"too short":      {tooShort("AWS issues nothing"), UseUnused},
		"too many":       {tooMany(CodeTooMany, "You are asking for too much.", time.Second, nil), UseUnused},
		"no account":     {noSuchAccount("", didYouMean("prod")), UseUnused},
		"channel":        {wrongChannel(policy.Account{Name: "prod", Rules: policy.Rules{Channels: []string{"C0OPS", "C0DUTY"}}}), UseUnused},
		"reason":         {reasonNeeded(policy.Account{Name: "prod"}, withCode), UseUnused},
		"reason, list":   {reasonNeeded(policy.Account{Name: "prod"}, Request{Purpose: PurposeBuckets}), UseUnused},
		"approval":       {b.Policy.needsApproval(policy.Account{Name: "prod"}), UseUnused},
		"blocked":        {b.Visits.blocked(Order{At: time.Now()}), UseUnused},
		"paused":         {paused(Order{At: time.Now(), By: "U09ADMIN"}), UseUnused},
		"code spent":     {AsError(b.Issuing.usage.codeSpent(), ""), UseSpent},
		"seal required":  {AsError(b.Issuing.sealings.errSealRequired(policy.User{}, policy.Account{Name: "prod"}), ""), UseUnused},
		"sessions off":   {AsError(b.MFASessions.sessionsOff(), ""), UseUnused},
		"key needs code": {AsError(errKeyNeedsCode(secret.PublicKey{}), ""), UseUnused},
	} {
		if test.e.Code == "" || len(test.e.What) == 0 || len(test.e.Hint) == 0 {
			t.Errorf("%s: got %+v, want a code, what happened and what to do", name, test.e)
		}
		if said := prose.Plain(test.e.What, test.e.Hint); regexp.MustCompile(`(?i)\bcode (was|is|counts)\b`).MatchString(said) {
			t.Errorf("%s: %q says what became of the code, which Use does", name, said)
		}
		without := *test.e
		if got := b.unserved(withCode, test.e).Use; got != test.use {
			t.Errorf("%s: got use %v of a code, want %v", name, got, test.use)
		}
		if got := b.unserved(Request{ID: "abcdefghij"}, &without).Use; got != UseNone {
			t.Errorf("%s: got use %v of no code, want nothing said", name, got)
		}
	}
}

func mustCode(t *testing.T) secret.TokenCode {
	t.Helper()
	code, ok := secret.ParseTokenCode("123456")
	if !ok {
		t.Fatal("no code")
	}
	return code
}

func TestOnceTheCodeHasBegunAnMFASessionItIsSpent(t *testing.T) {
	b := New(Deps{Config: &policy.Config{}})
	r := Request{ID: "abcdefghij", Code: mustCode(t)}
	for _, test := range []struct {
		request Request
		before  CodeUse
		want    CodeUse
	}{
		{r, UseNone, UseUnused},
		{r, UseSpent, UseSpent},
		{Request{ID: "abcdefghij"}, UseNone, UseNone},
	} {
		a := &attempt{request: test.request, use: test.before, undone: "nothing was issued"}
		if got := b.Issuing.attempts.notBegun(a, recordAway(nil, a.undone)).Use; got != test.want {
			t.Errorf("got use %v, want %v", got, test.want)
		}
	}
	for _, mfa := range []bool{false, true} {
		if got := useAfter(r, event.Act{MFA: mfa}); (got == UseSpent) != mfa {
			t.Errorf("MFA %v: got use %v once AWS has answered", mfa, got)
		}
	}
}

// sources are the files of the broker and of AWS behind it, without tests.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	for _, pattern := range []string{"*.go", "awsapi/*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = f
		}
	}
	return files
}

func TestEveryCodeIsSaid(t *testing.T) {
	var all []string
	said := map[string]bool{}
	for name, f := range sources(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if typed, ok := n.Type.(*ast.Ident); ok && typed.Name == "Code" {
					all = append(all, n.Names[0].Name)
				}
			case *ast.Ident:
				said[n.Name] = said[n.Name] || filepath.Base(name) != "error_codes.go"
			case *ast.CompositeLit:
				if e := fieldsOf(n); e["Code"] && !e["What"] && isNamed(n.Type, "Error") {
					t.Errorf("%s: an Error with a Code that does not say what happened", name)
				}
			}
			return true
		})
	}
	elsewhere := []string{"CodeTooLarge", "CodeUndelivered", "CodeDeliveryUnknown", "CodeSealFailed", "CodeBusy", "CodeInterrupted"} // of what Slack shows
	for _, code := range all {
		if !said[code] && !slices.Contains(elsewhere, code) {
			t.Errorf("nothing says %s", code)
		}
	}
}

func fieldsOf(n *ast.CompositeLit) map[string]bool {
	fields := map[string]bool{}
	for _, element := range n.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok {
				fields[key.Name] = true
			}
		}
	}
	return fields
}

func isNamed(e ast.Expr, name string) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == name
	case *ast.SelectorExpr:
		return e.Sel.Name == name
	}
	return false
}

// TestNoSentenceKnowsHowSlackShowsIt: commands, code and links are Parts.
func TestNoSentenceKnowsHowSlackShowsIt(t *testing.T) {
	markup := regexp.MustCompile("/(assume|buckets|mfa|sessions)\\b|[A-Za-z ]`|<[@#!]")
	for name, f := range sources(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			if _, tags := n.(*ast.Field); tags {
				return false
			}
			if _, imports := n.(*ast.ImportSpec); imports {
				return false
			}
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			if text, err := strconv.Unquote(lit.Value); err == nil && markup.MatchString(text) {
				t.Errorf("%s: %q", name, text)
			}
			return true
		})
	}
}

func TestOnlyNoErrorHasNoCode(t *testing.T) {
	for want, err := range map[Code]error{"": nil, CodeInternal: &Error{}, CodeBlocked: &Error{Code: CodeBlocked}} {
		if got := codeOf(err); got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
	if e := AsError(&Error{}, "abcdefghij"); e.Code != CodeInternal || e.Ref == "" {
		t.Errorf("got %+v, want what an operator has to look up", e)
	}
}
