package rehearse

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// A request is one line of the section requests.
type request struct {
	line int
	text string // as it is written, without what is expected
	want string
	ask  policy.Ask
	at   time.Time // zero: not said
}

// times are how a moment is written: the zone is always said.
var times = []string{"2006-01-02T15:04Z07:00", time.RFC3339}

// Moment reads a time such as 2026-01-05T10:00Z.
func Moment(word string) (time.Time, error) {
	for _, layout := range times {
		if at, err := time.Parse(layout, word); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write one such as 2026-01-05T10:00Z, or with +01:00 for Z", word)
}

var channelID = text.NewPattern(`^[CDG][A-Z0-9]{2,30}$`)

// Channel reads a Slack channel's ID.
func Channel(word string) (string, error) {
	if !channelID.MatchString(word) {
		return "", fmt.Errorf("%q is no channel ID (C…): open the channel's details in Slack; the ID is at the bottom of About", word)
	}
	return word, nil
}

// parseRequest reads a line: PERSON, what that person types behind /assume but the code,
// then at TIME and in CHANNEL, then => and what is expected.
func parseRequest(c *policy.Config, line string) (request, error) {
	asked, want, found := strings.Cut(line, "=>")
	words, want := strings.Fields(asked), strings.Join(strings.Fields(want), " ")
	switch effect, _, _ := strings.Cut(want, " "); {
	case !found || want == "":
		return request{}, errors.New("what is expected? End the line with => and allow, deny or approval, such as => deny default deny")
	case effect != "allow" && effect != "deny" && effect != "approval":
		return request{}, fmt.Errorf("%q is not what policy says: write allow, deny or approval behind =>", effect)
	case len(words) < 2:
		return request{}, errors.New("who asks for what? Begin with a person and an account, such as alice prod for 2h")
	}
	r := request{text: strings.Join(words, " "), want: want}
	user, err := Person(c, words[0])
	if err != nil {
		return request{}, err
	}
	words, err = r.place(words[1:])
	if err != nil {
		return request{}, err
	}
	typed, err := typed(strings.Join(words, " "))
	if err != nil {
		return request{}, err
	}
	r.ask.User, r.ask.Account, r.ask.Duration = user, typed.Account, typed.Duration
	r.ask.Reason, r.ask.BreakGlass = typed.Reason, typed.BreakGlass
	if a, ok := c.Account(r.ask.Account); ok && a.Hours != nil && r.at.IsZero() && !r.ask.BreakGlass {
		return request{}, fmt.Errorf("%s has hours, so it matters when it is asked for: add at and a time, such as at 2026-01-05T10:00Z", a.Name)
	}
	return r, nil
}

// place takes at TIME and in CHANNEL off the end of words. What is no time or channel
// is left: it may be the end of a reason.
func (r *request) place(words []string) ([]string, error) {
	for len(words) > 2 {
		last := words[len(words)-1]
		at, timeErr := Moment(last)
		channel, channelErr := Channel(last)
		switch before := words[len(words)-2]; {
		case before == "at" && timeErr == nil && r.at.IsZero():
			r.at = at
		case before == "in" && channelErr == nil && r.ask.Channel == "":
			r.ask.Channel = channel
		case before == "at" && timeErr != nil && looksLikeDate(last):
			return nil, timeErr
		default:
			return words, nil
		}
		words = words[:len(words)-2]
	}
	return words, nil
}

func looksLikeDate(word string) bool {
	return word[0] >= '0' && word[0] <= '9' && strings.Count(word, "-") > 1
}

// typed reads what a person types behind /assume, of which some decides nothing.
func typed(words string) (command.Command, error) {
	cmd, err := command.ParseAssume(words)
	var e *broker.Error
	switch {
	case errors.As(err, &e):
		return cmd, fmt.Errorf("%q cannot be typed so: %s %s", words, prose.Plain(e.What), prose.Plain(e.Hint))
	case err != nil:
		return cmd, err
	case cmd.Verb != command.VerbAssume:
		return cmd, fmt.Errorf("%q asks for no account: write one, such as alice prod for 2h", words)
	case !cmd.Code.Empty():
		return cmd, errors.New("a code decides nothing here: leave it out")
	case cmd.Format != "":
		return cmd, fmt.Errorf("as %s decides nothing here: leave it out", cmd.Format)
	}
	return cmd, nil
}
