package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/bot/due"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

// A glassUse is what approvers are asked to take note of: credentials that were issued
// by break-glass. Its names are those that Events had before version 1, so that what such
// a one says can be read too, on the record and on the due list.
type glassUse struct {
	Kind       event.Kind `json:"kind"`
	Request    string     `json:"request_id"`
	User       string     `json:"slack_user"`
	Team       string     `json:"slack_team,omitempty"`
	Channel    string     `json:"slack_channel,omitempty"`
	Name       string     `json:"user,omitempty"`
	Account    string     `json:"account,omitempty"`
	RoleARN    string     `json:"role_arn,omitempty"`
	Seconds    int64      `json:"duration_seconds,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	BreakGlass bool       `json:"break_glass,omitempty"`
}

// glassUseOf is the use that e tells of, if it tells of one.
func glassUseOf(e event.Event) (use glassUse, ok bool) {
	switch p := e.Data.(type) {
	case event.GrantedData:
		use = glassUse{
			Kind: e.Kind, Request: e.Request, User: e.Actor.User, Team: e.Actor.Team, Channel: e.Actor.Channel, Name: e.Actor.Name,
			Account: p.Account, RoleARN: p.RoleARN, Seconds: p.Seconds, Reason: p.Reason.String(), BreakGlass: p.BreakGlass,
		}
	case event.ImportedData:
		if json.Unmarshal(p.Bytes(), &use) != nil {
			return glassUse{}, false
		}
		text.CleanFields(&use)
	}
	use.Account = text.AtMost(use.Account, policy.MaxAccountName)
	use.Seconds = min(max(use.Seconds, 0), int64(policy.MaxSessionTokenDuration/time.Second))
	return use, use.Kind == event.Granted && use.BreakGlass
}

// followBreakGlass asks the approvers of an Account to take note of credentials
// that were issued without them. It goes by the record, so that a replica that
// dies leaves it to the next. What cannot be done now is left to the due list: it
// must not hold up what the audit channel is told. An error is that not even that
// was possible.
func (b *approvals) followBreakGlass(ctx context.Context, e event.Event) error {
	use, ok := glassUseOf(e)
	if !ok {
		return nil
	}
	err := b.askToAcknowledge(ctx, b.live.Load(), use)
	if err == nil {
		return nil
	}
	b.log.ErrorContext(ctx, "the approvers are not asked yet to take note of break-glass", "request", use.Request, "error", err)
	t := approvalTask{User: use.User, ID: use.Request, BreakGlass: &use}
	if _, err := b.dueApprovals.Put(ctx, b.now().Add(followAfter), t.entry()); err != nil {
		return fmt.Errorf("ask to take note of break-glass: %w", err)
	}
	return nil
}

func (b *approvals) askToAcknowledge(ctx context.Context, s *serving, use glassUse) error {
	a, err := s.broker.Voting.AskToAcknowledge(ctx, approval.Approval{
		ID: use.Request, User: use.User, UserName: use.Name, Team: use.Team, Channel: use.Channel,
		Account: use.Account, RoleARN: policy.RoleARN(use.RoleARN), Duration: time.Duration(use.Seconds) * time.Second, Reason: use.Reason,
	})
	if err != nil || a.PostTS != "" {
		return err
	}
	return b.postApproval(ctx, s, a)
}

// breakGlassTries bounds how often that is tried, a day or so.
const breakGlassTries = 1440

// serveBreakGlass does what followBreakGlass left to the due list.
func (b *approvals) serveBreakGlass(ctx context.Context, s *serving, t approvalTask) due.Result {
	err := b.askToAcknowledge(ctx, s, *t.BreakGlass)
	at, again := webapi.PutOff(b.now(), err, t.Tries)
	switch {
	case err == nil:
		return due.Done()
	case !again || t.Tries >= breakGlassTries:
		b.log.ErrorContext(ctx, "the approvers are never asked to take note of break-glass; the audit channel was told", "request", t.ID, "error", err)
		return due.Done()
	}
	return t.putOff(at)
}
