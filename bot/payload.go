package bot

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
)

// A client can send any option value, button value, state value and block ID, and
// any number of actions; only the person, their workspace, and the IDs of channels,
// messages and views come from Slack. So nothing is trusted because the bot once
// put it there: what was pressed, chosen and kept in private_metadata is read here,
// within the bounds of what is typed, and what is not of that shape goes no further.

var (
	slackUser    = regexp.MustCompile(`^[UW][A-Z0-9]{2,30}$`)
	slackTeam    = regexp.MustCompile(`^[TE][A-Z0-9]{2,30}$`)
	slackChannel = regexp.MustCompile(`^[CDG][A-Z0-9]{2,30}$`)
	requestID    = regexp.MustCompile(`^[a-z2-7]{26}$`) // as broker.NewID makes them
)

const (
	// maxBlockID is what a block_id has at most.
	// https://docs.slack.dev/reference/block-kit/blocks/input-block
	maxBlockID = 255
	// maxMetadata is what private_metadata has at most.
	// https://docs.slack.dev/reference/views/modal-views
	maxMetadata = 3000
	// maxQuery is more than any name of an account or role.
	maxQuery = 100
	// lastPage is the last page of a million buckets, which is as many as AWS
	// allows. https://docs.aws.amazon.com/general/latest/gr/s3.html
	lastPage = 1_000_000/broker.BucketsPerPage - 1
)

// only is text if it has the shape, "" otherwise.
func only(shape *regexp.Regexp, text string) string {
	if !shape.MatchString(text) {
		return ""
	}
	return text
}

// readCaller is who speaks and from where. What is no ID of Slack's is nobody's.
func readCaller(user, team, channel string) broker.Caller {
	return broker.Caller{User: only(slackUser, user), Team: only(slackTeam, team), Channel: only(slackChannel, channel)}
}

// readInteraction reads an interaction, and of the actions that it claims the
// first alone: one payload is one request, for every limit counts payloads. more
// is how many others there were.
func readInteraction(payload []byte) (in slack.InteractionCallback, more int, err error) {
	var claimed struct {
		Actions []json.RawMessage `json:"actions"`
	}
	if json.Unmarshal(payload, &claimed) == nil && len(claimed.Actions) > 1 {
		more = len(claimed.Actions) - 1
		whole := map[string]json.RawMessage{}
		err := json.Unmarshal(payload, &whole)
		if err == nil {
			whole["actions"], err = json.Marshal(claimed.Actions[:1])
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
	grant    string         // that its block names
	account  string         // of actAsk, where "" asks which, actRenew, actBreakGlass and fieldAccount
	format   snippet.Format // of actFormat
	duration time.Duration  // of actRenew, where the Grant's own is not meant
	page     int            // of actPrevious and actNext
	prefix   string         // of those and of actSearch
	target   string         // of actUnblock
	approval approvalName   // of what is pressed about an Approval
}

// readPress reads an action. An error is as that of [ParseAssume].
func readPress(a *slack.BlockAction) (press, error) {
	block, _ := strings.CutPrefix(a.BlockID, grantBlock)
	p := press{action: a.ActionID, grant: only(requestID, block)}
	var err error
	switch a.ActionID {
	case actAsk:
		if a.Value != "any" {
			p.account, err = command.ReadAccount(a.Value)
		}
	case actRenew:
		account, duration, _ := strings.Cut(a.Value, " ")
		if p.account, err = command.ReadAccount(account); err == nil {
			p.duration, err = command.ReadDuration(duration)
		}
	case actBreakGlass:
		p.account, err = command.ReadAccount(a.Value)
	case fieldAccount:
		p.account, err = command.ReadAccount(a.SelectedOption.Value)
	case actFormat:
		var service string
		if p.format, service, err = command.ReadFormat(a.SelectedOption.Value); err == nil && (p.format == "" || p.format == snippet.Console || service != "") {
			err = errPressed()
		}
	case actPrevious, actNext, actSearch:
		p.page, p.prefix = readPage(a.Value)
	case actUnblock:
		if p.target = only(slackUser, a.Value); p.target == "" {
			err = errPressed()
		}
	case actApprove, actAcknowledge, actDeny:
		if p.approval = readApprovalName(a.Value); p.approval == (approvalName{}) {
			err = errPressed()
		}
	case actEnterCode:
		if p.approval.id = only(requestID, a.Value); p.approval.id == "" {
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
func readApprovalName(value string) approvalName {
	user, id, _ := strings.Cut(value, "/")
	if !slackUser.MatchString(user) || !requestID.MatchString(id) {
		return approvalName{}
	}
	return approvalName{user, id}
}

// origin reads what formView put into a form.
func origin(v slack.View) formOrigin {
	var o formOrigin
	if v.CallbackID != formCallback || len(v.PrivateMetadata) > maxMetadata || json.Unmarshal([]byte(v.PrivateMetadata), &o) != nil {
		return formOrigin{}
	}
	o.Channel = only(slackChannel, o.Channel)
	return o
}

// What an entry of a due list may name: a Slack ID, an ID of the bot's own, a message's name.
var (
	slackIDShape = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,30}$`)
	entryIDShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	tsShape      = regexp.MustCompile(`^[0-9]{1,12}\.[0-9]{1,9}$`)
)

func isSlackID(s string) bool   { return slackIDShape.MatchString(s) }
func isEntryID(s string) bool   { return entryIDShape.MatchString(s) }
func isTimestamp(s string) bool { return tsShape.MatchString(s) }
