package form

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/policy"
)

const (
	mostOptions = 100
	// optionBytes keeps the acknowledgement that holds the options under the 20 KB
	// that Slack takes, with room for its frame.
	// https://docs.slack.dev/apis/events-api/using-socket-mode
	optionBytes = 18_000
)

// accountOption describes an Account within the 75 characters of an option.
// https://docs.slack.dev/reference/block-kit/composition-objects/option-object
func accountOption(a policy.Account) *slack.OptionBlockObject {
	about := "your own IAM user, outside of the rules for roles"
	if a.HasRole() {
		about = a.RoleARN.RoleName() + " in " + a.RoleARN.AccountID()
		if len(about) > 75 {
			about = a.RoleARN.AccountID()
		}
	}
	return slack.NewOptionBlockObject(a.Name, blockkit.PlainText(a.Name), blockkit.PlainText(about))
}

// Options are a menu's options as the acknowledgement gives them; none is
// an empty list, which slack-go's own type leaves out.
type Options struct {
	OptionGroups []*slack.OptionGroupBlockObject `json:"option_groups"`
}

// Menu groups the matching Accounts by what they ask of the person. When
// there are more than fit, the first heading says so.
func Menu(mine policy.Mine, typed string) Options {
	type group struct {
		heading string
		options []*slack.OptionBlockObject
	}
	groups := []*group{{heading: "With your MFA code"}, {heading: "With approval"}, {heading: "Your own IAM user"}, {heading: "Without MFA"}}
	size, shown, matching := 0, 0, 0
	words := strings.Fields(strings.ToLower(typed))
	for a := range mine.All() {
		if !matches(a, words) {
			continue
		}
		if matching++; shown == mostOptions || size > optionBytes {
			continue
		}
		o := accountOption(a)
		if size += jsonSize(o); size > optionBytes {
			continue
		}
		shown++
		g := groups[0]
		switch {
		case a.Approval != nil:
			g = groups[1]
		case a.MFA == policy.MFANone:
			g = groups[3]
		case !a.HasRole():
			g = groups[2]
		}
		g.options = append(g.options, o)
	}
	out := Options{OptionGroups: []*slack.OptionGroupBlockObject{}}
	for _, g := range groups {
		if len(g.options) == 0 {
			continue
		}
		if shown < matching && len(out.OptionGroups) == 0 {
			g.heading = fmt.Sprintf("%s (%d of %d: type to narrow)", g.heading, shown, matching)
		}
		out.OptionGroups = append(out.OptionGroups, slack.NewOptionGroupBlockElement(blockkit.PlainText(g.heading), g.options...))
	}
	return out
}

func matches(a policy.Account, words []string) bool {
	for _, word := range words {
		if !strings.Contains(a.Name, word) && !strings.Contains(strings.ToLower(string(a.RoleARN)), word) {
			return false
		}
	}
	return true
}

func jsonSize(v any) int {
	data, err := json.Marshal(v)
	if err != nil {
		return optionBytes
	}
	return len(data)
}
