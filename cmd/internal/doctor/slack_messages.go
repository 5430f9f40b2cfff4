package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/assumebot/assumebot/bot/auditchannel"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/bot/weekly"
)

// A sample is one of what the bot sends.
type sample struct {
	name string
	view bool
	body json.RawMessage
}

// everySample has every shape of block and element that the bot sends.
func everySample() ([]sample, error) {
	var all []sample
	var failed error
	for _, from := range []struct {
		read func() (map[string]json.RawMessage, error)
		view bool
	}{{message.Samples, false}, {auditchannel.Samples, false}, {weekly.Samples, false}, {form.Samples, true}} {
		bodies, err := from.read()
		failed = errors.Join(failed, err)
		for _, name := range slices.Sorted(maps.Keys(bodies)) {
			all = append(all, sample{name, from.view, bodies[name]})
		}
	}
	return all, failed
}

// messages has Slack check what the bot sends, without posting it. Slack limits how
// often that may be asked, and does not say how.
func (s *slackSurvey) messages(ctx context.Context) []Finding {
	all, err := everySample()
	if err != nil {
		return wrong("this program was not built as it was tested: build it again", "%v", err)
	}
	if err := s.validate(ctx, all[0]); webapi.RefusedAs(err, "unknown_method") {
		return notTold("", "this Slack has no blocks.validate; the messages were checked against Slack's documented limits when the bot was built")
	} else if err != nil && !isFault(err) {
		return refused(err)
	}
	var looks []look
	for _, one := range all {
		looks = append(looks, look{"slack-messages", one.name, slackLimit, func(ctx context.Context) []Finding {
			switch err := s.validate(ctx, one); {
			case isFault(err) && hasSimple(one.name):
				return notTold("", "this Slack takes no charts or tables: lists are posted in their place")
			case isFault(err):
				return wrong("look for a newer release of the bot, and tell the project what Slack says", "%v", err)
			case err != nil:
				return refused(err)
			}
			return fine("Slack takes it")
		}})
	}
	return sumOfSamples(together(ctx, 3, looks...))
}

// sumOfSamples is one finding of all samples, with the first fault that Slack found.
func sumOfSamples(asked []Finding) []Finding {
	by := map[State][]Finding{}
	for _, f := range asked {
		by[f.State] = append(by[f.State], f)
	}
	good, bad, untold := len(by[OK]), by[Wrong], len(by[NotTold])
	switch {
	case len(bad) > 0:
		var names []string
		for _, f := range bad {
			names = append(names, f.Subject)
		}
		return wrong(bad[0].Do, "of %d samples of what the bot sends, %d are refused (%s): %s", len(asked), len(bad), few(names), bad[0].What)
	case untold > 0:
		return notTold("check again in a minute", "Slack takes %d of %d samples of what the bot sends, and of %d it did not say", good, len(asked), untold)
	}
	return fine("Slack takes %d samples, with every shape of message and form that the bot sends", good)
}

func (s *slackSurvey) validate(ctx context.Context, one sample) error {
	if one.view {
		return s.probe.ValidateView(ctx, one.body)
	}
	return s.probe.ValidateMessage(ctx, one.body)
}

// isFault reports whether Slack found fault with what was sent.
func isFault(err error) bool {
	return webapi.RefusedAs(err, "invalid_blocks", "invalid_message", "invalid_view")
}

// hasSimple reports whether a message has another form, for a Slack that does not take its
// charts and tables.
func hasSimple(name string) bool { return name == "history" || strings.HasPrefix(name, "weekly") }
