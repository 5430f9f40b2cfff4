package blockhtml

import (
	"go/ast"
	"go/parser"
	"go/token"
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/slacktest"
)

const hostile = `</pre><script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;`

func said(text string) []slacktest.Span {
	return []slacktest.Span{{Kind: slacktest.SpanText, Text: text}}
}

// kinds are the values of a type of constants in bot/slacktest/tree.go.
func kinds(t *testing.T, typeName string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../../bot/slacktest/tree.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); ok && id.Name == typeName {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, value)
		}
		return true
	})
	if len(out) == 0 {
		t.Fatalf("no constants of type %s", typeName)
	}
	return out
}

// everything is a piece of that kind with hostile text in every field.
func everything(kind string) slacktest.Piece {
	control := slacktest.Control{
		BlockID: hostile, ActionID: hostile, Label: hostile, Value: hostile, URL: "javascript:alert(1)", Style: hostile,
		Placeholder: hostile, Holds: hostile,
		Options: []slacktest.Choice{{Text: hostile, Value: hostile, Description: hostile, Group: hostile}},
		Confirm: &slacktest.Confirm{
			Title: hostile, Text: []slacktest.Piece{{Kind: slacktest.PieceParagraph, Spans: said(hostile)}}, Yes: hostile, No: hostile},
	}
	control.Selected = control.Options
	var controls []slacktest.Control
	for _, k := range controlKinds {
		control.Kind = k
		controls = append(controls, control)
	}
	var spans []slacktest.Span
	for _, k := range []slacktest.SpanKind{"text", "link", "user", "group", "channel", "broadcast", "emoji", "date", "color"} {
		spans = append(spans, slacktest.Span{Kind: k, Text: hostile, Ref: hostile, URL: "javascript:alert(1)", Bold: true, Code: true})
	}
	return slacktest.Piece{
		Kind: slacktest.PieceKind(kind), Spans: spans, Controls: controls, Label: hostile, URL: hostile, Color: hostile, Align: hostile,
		Pieces: []slacktest.Piece{{Kind: slacktest.PieceParagraph, Spans: spans}}, Optional: true, Hint: hostile, Wrong: hostile,
	}
}

// controlKinds are the elements that slacktest takes.
var controlKinds = strings.Fields("button overflow checkboxes radio_buttons static_select external_select users_select conversations_select " +
	"channels_select multi_static_select multi_external_select multi_users_select multi_conversations_select multi_channels_select " +
	"datepicker timepicker datetimepicker plain_text_input email_text_input url_text_input number_input rich_text_input file_input")

// safeTags is what may be in the output: an element, its attributes quoted.
var (
	tag     = regexp.MustCompile(`<[^>]*>`)
	safeTag = regexp.MustCompile(`^<(/[a-z0-9]+|[a-z0-9]+( [a-z-]+="[^"<>]*")*)>$`)
	banned  = regexp.MustCompile(`^<(script|img|style|iframe|link)|\b(on[a-z]+|style|src)="|="javascript:`)
)

func TestNothingThatAMessageSaysIsMarkup(t *testing.T) {
	for _, kind := range kinds(t, "PieceKind") {
		drawn := string(HTML(everything(kind), Options{ID: "a"}))
		for _, found := range tag.FindAllString(drawn, -1) {
			if !safeTag.MatchString(found) || banned.MatchString(found) {
				t.Errorf("%s: got %s", kind, found)
			}
		}
		if strings.Contains(drawn, "href") {
			t.Errorf("%s: got a link to a script:\n%s", kind, drawn)
		}
	}
}

func TestEveryKindOfPieceIsDrawn(t *testing.T) {
	for _, kind := range kinds(t, "PieceKind") {
		piece := slacktest.Piece{Kind: slacktest.PieceKind(kind), Spans: said("x"), Label: "x", Pieces: []slacktest.Piece{{Kind: slacktest.PieceRow}}}
		if piece.Kind == slacktest.PieceInput {
			piece.Controls = []slacktest.Control{{Kind: "plain_text_input"}}
		}
		drawn := string(HTML(piece, Options{ID: "a"}))
		want := `"bk-` + kind
		if kind == "row" {
			want = "<tr"
		}
		if !strings.Contains(drawn, want) {
			t.Errorf("got %s, want an element of class bk-%s", drawn, kind)
		}
	}
}

func TestEveryControlSaysWhatItDoesAndForWhich(t *testing.T) {
	does := map[string]string{"button": "press", "external_select": "suggest", "multi_external_select": "suggest"}
	for _, kind := range controlKinds {
		if kind == "file_input" { // it takes nothing
			continue
		}
		want := does[kind]
		if want == "" {
			want = "choose"
			if strings.HasSuffix(kind, "_input") {
				want = "fill"
			}
		}
		c := slacktest.Control{Kind: kind, BlockID: "the block", ActionID: "the action", Options: []slacktest.Choice{{Text: "x", Value: "y"}}}
		drawn := string(HTML(slacktest.Piece{Kind: slacktest.PieceControls, Controls: []slacktest.Control{c}}, Options{ID: "a"}))
		if !strings.Contains(drawn, `data-do="`+want+`" data-block="the block" data-action="the action" data-kind="`+kind+`"`) {
			t.Errorf("%s: got %s, want data-do %s", kind, drawn, want)
		}
	}
}

func TestErrorsAndHintsAreTiedToTheirField(t *testing.T) {
	drawn := string(HTML(slacktest.Piece{
		Kind: slacktest.PieceInput, Label: "MFA code", Hint: "Six digits", Wrong: "AWS did not accept it",
		Controls: []slacktest.Control{{Kind: "plain_text_input", BlockID: "code", ActionID: "code", Holds: "12\n3"}},
	}, Options{ID: "w"}))
	for _, want := range []string{
		`<label class="bk-label" id="w-1-label" for="w-1">MFA code</label>`,
		`aria-describedby="w-1-wrong w-1-hint" aria-invalid="true" aria-required="true"`,
		`<p class="bk-wrong" id="w-1-wrong">AWS did not accept it</p><p class="bk-hint" id="w-1-hint">Six digits</p>`,
	} {
		if !strings.Contains(drawn, want) {
			t.Errorf("got %s, want %s in it", drawn, want)
		}
	}
}

func TestMentionsOfTheReaderAreLit(t *testing.T) {
	mentions := slacktest.Piece{Kind: slacktest.PieceParagraph, Spans: []slacktest.Span{
		{Kind: slacktest.SpanUser, Text: "@alice", Ref: "U01ALICE"}, {Kind: slacktest.SpanUser, Text: "@bob", Ref: "U02BOB"},
		{Kind: slacktest.SpanGroup, Text: "@oncall", Ref: "S01ONCALL"}, {Kind: slacktest.SpanBroadcast, Text: "@here", Ref: "here"},
	}}
	lit := regexp.MustCompile(`bk-lit">([^<]*)<`)
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{Reader: "U01ALICE"}, "@alice @here"},
		{Options{Reader: "U02BOB", Groups: []string{"S01ONCALL"}}, "@bob @oncall @here"},
		{Options{}, "@here"},
	} {
		var got []string
		for _, found := range lit.FindAllStringSubmatch(string(HTML(mentions, test.o)), -1) {
			got = append(got, found[1])
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%+v: got %q lit, want %q", test.o, got, test.want)
		}
	}
}

func TestPreformattedTextIsExact(t *testing.T) {
	const exact = "\n  export A='x < y && \"z\"'\n\n"
	drawn := string(HTML(slacktest.Piece{Kind: slacktest.PiecePreformatted, Spans: said(exact)}, Options{}))
	_, after, _ := strings.Cut(drawn, `aria-label="Snippet">`+"\n") // a browser drops this line break
	got, _, _ := strings.Cut(after, "</pre>")
	if html.UnescapeString(got) != exact {
		t.Errorf("got %q, want %q", html.UnescapeString(got), exact)
	}
}

func TestWhatIsAskedFirstStandsInADialog(t *testing.T) {
	c := slacktest.Control{Kind: "button", Label: "End", Style: "danger", Confirm: &slacktest.Confirm{Title: "End it?", Yes: "End", No: "Keep", Danger: true}}
	drawn := string(HTML(slacktest.Piece{Kind: slacktest.PieceControls, Controls: []slacktest.Control{c}}, Options{ID: "m"}))
	for _, want := range []string{
		`data-confirm="m-1-asks"`, `<dialog class="bk-confirm" id="m-1-asks"`, `data-do="answer" value="no">Keep<`,
		`class="bk-button bk-danger" data-do="answer" value="yes">End<`,
	} {
		if !strings.Contains(drawn, want) {
			t.Errorf("got %s, want %s in it", drawn, want)
		}
	}
}

func TestOffersCanBeChosenAndKeepTheirGroups(t *testing.T) {
	drawn := string(Offers([]slacktest.Choice{{Text: "prod", Value: "p", Group: "With your code"}, {Text: "open", Value: "o", Group: "Without"}}, "l"))
	for _, want := range []string{
		">With your code</li>", `role="option" id="l-1" aria-selected="false" data-do="choose" data-value="p">prod</li>`, ">Without</li>",
	} {
		if !strings.Contains(drawn, want) {
			t.Errorf("got %s, want %s in it", drawn, want)
		}
	}
	if got := string(Offers(nil, "l")); !strings.Contains(got, "No results") {
		t.Errorf("got %s, want that there are no results", got)
	}
}
