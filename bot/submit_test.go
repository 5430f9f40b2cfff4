package bot

import (
	"strings"
	"testing"

	"github.com/slack-go/slack"
)

// filledIn is a view in which value was typed into one field.
func filledIn(field, value string) slack.View {
	return slack.View{State: &slack.ViewState{Values: map[string]map[string]slack.BlockAction{field: {field: {Value: value}}}}}
}

// Slack bounds what is typed into a form; the bot does not rely on it.
func TestFormsRefuseWhatIsTooLongForTheRecord(t *testing.T) {
	if _, wrong := (voice{}).readForm(filledIn(fieldReason, strings.Repeat("x ", 5000))); !strings.Contains(wrong[fieldReason], "at most 500 characters") {
		t.Errorf("a reason of 10,000 characters: got %q, want that it is refused", wrong)
	}
	if f, wrong := (voice{}).readForm(filledIn(fieldReason, strings.Repeat("ö", 500))); wrong != nil || len([]rune(f.reason)) != 500 {
		t.Errorf("a reason of 500 characters: got %q", wrong)
	}
	if comment, wrong := readComment(filledIn(fieldComment, strings.Repeat("x", 501))); wrong == "" || comment != "" {
		t.Errorf("a comment of 501 characters: got %q and %q, want that it is refused", comment, wrong)
	}
}
