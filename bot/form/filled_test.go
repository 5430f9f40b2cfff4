package form

import (
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/message"
)

// filledIn is a view in which value was typed into one field.
func filledIn(field, value string) slack.View {
	return slack.View{State: &slack.ViewState{Values: map[string]map[string]slack.BlockAction{field: {field: {Value: value}}}}}
}

// Slack bounds what is typed into a form; the bot does not rely on it.
func TestFormsRefuseWhatIsTooLongForTheRecord(t *testing.T) {
	_, wrong := Read(message.Voice{}, filledIn(FieldReason, strings.Repeat("x ", 5000)))
	if !strings.Contains(wrong[FieldReason], "at most 500 characters") {
		t.Errorf("a reason of 10,000 characters: got %q, want that it is refused", wrong)
	}
	if f, wrong := Read(message.Voice{}, filledIn(FieldReason, strings.Repeat("ö", 500))); wrong != nil || len([]rune(f.Reason)) != 500 {
		t.Errorf("a reason of 500 characters: got %q", wrong)
	}
	if comment, wrong := ReadComment(filledIn(FieldComment, strings.Repeat("x", 501))); wrong == "" || comment != "" {
		t.Errorf("a comment of 501 characters: got %q and %q, want that it is refused", comment, wrong)
	}
}
