package bot

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/listing"
)

// A client can send any option value, button value, state value and block ID, and
// any number of actions; only the person, their workspace, and the IDs of channels,
// messages and views come from Slack. So nothing is trusted because the bot once
// put it there: what was pressed, chosen and kept in private_metadata is read here,
// within the bounds of what is typed, and what is not of that shape goes no further.

const (
	// maxQuery is more than any name of an account or role.
	maxQuery = 100
	// lastPage is the last page of a million buckets, which is as many as AWS
	// allows. https://docs.aws.amazon.com/general/latest/gr/s3.html
	lastPage = 1_000_000/listing.PerPage - 1
)

// readCaller is who speaks and from where. What is no ID of Slack's is nobody's.
func readCaller(user, team, channel string) broker.Caller {
	return broker.Caller{User: typed.Only(typed.SlackUser, user), Team: typed.Only(typed.SlackTeam, team), Channel: typed.Only(typed.SlackChannel, channel)}
}

// readInteraction reads an interaction, and of the actions that it holds the
// first alone: one payload is one request, for every limit counts payloads. more
// is how many others there were.
func readInteraction(payload []byte) (in slack.InteractionCallback, more int, err error) {
	var held struct {
		Actions []json.RawMessage `json:"actions"`
	}
	if json.Unmarshal(payload, &held) == nil && len(held.Actions) > 1 {
		more = len(held.Actions) - 1
		whole := map[string]json.RawMessage{}
		err := json.Unmarshal(payload, &whole)
		if err == nil {
			whole["actions"], err = json.Marshal(held.Actions[:1])
		}
		if err == nil {
			payload, err = json.Marshal(whole)
		}
		if err != nil {
			return slack.InteractionCallback{}, more, errPayload
		}
	}
	if json.Unmarshal(payload, &in) != nil { // its error may quote what it read
		return slack.InteractionCallback{}, more, errPayload
	}
	return in, more, nil
}

var errPayload = errors.New("the payload of an interaction is not of the expected shape")

// A press is one action as it was read; what it does not say is zero.
type press struct {
	action   string
	grant    string               // that its block names
	account  string               // of actAsk, where "" asks which, actRenew, actBreakGlass and fieldAccount
	format   snippet.Format       // of actFormat
	duration time.Duration        // of actRenew, where the Grant's own is not meant
	page     int                  // of actPrevious and actNext
	prefix   string               // of those and of actSearch
	target   string               // of actUnblock
	approval message.ApprovalName // of what is pressed about an Approval
}

// readPress reads an action. An error is as that of [ParseAssume].
func readPress(a *slack.BlockAction) (press, error) {
	block, _ := strings.CutPrefix(a.BlockID, message.GrantBlock)
	p := press{action: a.ActionID, grant: typed.Only(typed.RequestID, block)}
	var err error
	switch a.ActionID {
	case message.ActAsk:
		if a.Value != "any" {
			p.account, err = command.ReadAccount(a.Value)
		}
	case message.ActRenew:
		account, duration, _ := strings.Cut(a.Value, " ")
		if p.account, err = command.ReadAccount(account); err == nil {
			p.duration, err = command.ReadDuration(duration)
		}
	case message.ActBreakGlass:
		p.account, err = command.ReadAccount(a.Value)
	case form.FieldAccount:
		p.account, err = command.ReadAccount(a.SelectedOption.Value)
	case message.ActFormat:
		var service string
		if p.format, service, err = command.ReadFormat(a.SelectedOption.Value); err == nil && (p.format == "" || p.format == snippet.Console || service != "") {
			err = errPressed()
		}
	case message.ActPrevious, message.ActNext, message.ActSearch:
		p.page, p.prefix = readPage(a.Value)
	case message.ActUnblock:
		if p.target = typed.Only(typed.SlackUser, a.Value); p.target == "" {
			err = errPressed()
		}
	case message.ActApprove, message.ActAcknowledge, message.ActDeny:
		if p.approval = readApprovalName(a.Value); p.approval == (message.ApprovalName{}) {
			err = errPressed()
		}
	case message.ActEnterCode:
		if p.approval.ID = typed.Only(typed.RequestID, a.Value); p.approval.ID == "" {
			err = errPressed()
		}
	}
	if err != nil {
		return press{}, err
	}
	return p, nil
}

func errPressed() error {
	return command.Error("The bot cannot read what this button or menu holds, so nothing was done.", "Use a newer message of the bot's, or type the command.")
}

// readPage reads the value of a button. Any other is the first page of all.
func readPage(value string) (page int, prefix string) {
	number, prefix, _ := strings.Cut(value, " ")
	page, err := strconv.Atoi(number)
	if err != nil || page < 0 || page > lastPage || prefix != "" && !command.ValidPrefix(prefix) {
		return 0, ""
	}
	return page, prefix
}

// readApprovalName reads how a button names an Approval; the zero one is what
// names none.
func readApprovalName(value string) message.ApprovalName {
	user, id, _ := strings.Cut(value, "/")
	if !typed.SlackUser.MatchString(user) || !typed.RequestID.MatchString(id) {
		return message.ApprovalName{}
	}
	return message.ApprovalName{User: user, ID: id}
}
