package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/secret"
)

// A step is one that can be done.
type step struct {
	name   string
	needs  string // that must have passed
	orders bool   // it needs an admin
	do     func(context.Context, *checks) error
}

func (d *drill) steps() []step {
	return []step{
		{name: "credentials", do: d.credentials},
		{name: "tokens", needs: "credentials", do: d.tokens},
		{name: "refusal", do: d.refusal},
		{name: "lock_out", needs: "refusal", orders: true, do: d.lockOut},
		{name: "pause", needs: "refusal", orders: true, do: d.pause},
		{name: "revoke", needs: "credentials", do: d.revoke},
		{name: "redis_away", needs: "refusal", do: d.redisAway},
		{name: "record", do: d.verify},
	}
}

func (d *drill) reason() string { return "drill " + d.id }

// channel is one where the Account may be asked for.
func (d *drill) channel() string {
	if len(d.account.Channels) > 0 {
		return d.account.Channels[0]
	}
	return d.Config.Slack.AuditChannel
}

// credentials are issued, valid, whose they should be, for as long as asked, and on the record first.
func (d *drill) credentials(ctx context.Context, c *checks) error {
	code, err := d.Code(ctx)
	if err != nil {
		return fmt.Errorf("no code of the device: %w", err)
	}
	d.code = code
	format, err := d.app.Store.Preferences.LastFormat(ctx, d.User)
	if err != nil {
		return err
	}
	if format == "" {
		format = string(snippet.Bash)
	}
	d.will("the format that "+d.user.Name+" used last", func(ctx context.Context) error {
		return d.app.Store.Preferences.SaveFormat(ctx, d.User, format)
	})
	d.will("the credentials that were issued", d.giveBack)
	asked := d.now()
	got, err := d.as(ctx, d.User, "assume", d.account.Name+" "+code+" for 15m as json because "+d.reason())
	if err != nil {
		return err
	}
	granted, ok := got.last(event.Granted) // after that of an MFA session, perhaps
	c.holds(ok, "the record has the grant", got.seen())
	intent, before := got.last(event.Intent)
	c.holds(before && intent.number < granted.number, "the intent is on the record before it", got.seen())
	for _, text := range preformatted(got.answer) {
		if given, ok := parsed(text); ok {
			d.given = given
		}
	}
	if d.given.AccessKeyID == "" {
		c.holds(false, "the reply shows credentials", "it shows none")
		return nil
	}
	c.holds(granted.data.AccessKeyID == d.given.AccessKeyID, "the record names the access key that was shown", granted.data.AccessKeyID)
	lives := d.given.Expires.Sub(asked).Round(time.Second)
	c.holds(lives > askedFor-time.Minute && lives < askedFor+time.Minute, "they expire after 15m, as asked", lives.String())
	who, err := d.app.AWS().Identity(ctx, d.given, policy.KeySource{})
	if err != nil {
		c.holds(false, "AWS knows whose they are", plain(err))
		return nil
	}
	role := d.account.RoleARN
	want := fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", role.Partition(), role.AccountID(), role.RoleName(), d.user.SessionName)
	c.holds(who.ARN == want, "AWS takes them for "+want, who.ARN)
	return nil
}

// parsed reads credentials in the format json.
func parsed(text string) (secret.Credentials, bool) {
	var given struct {
		AccessKeyID     string    `json:"AccessKeyId"`
		SecretAccessKey string    `json:"SecretAccessKey"`
		SessionToken    string    `json:"SessionToken"`
		Expiration      time.Time `json:"Expiration"`
	}
	if json.Unmarshal([]byte(text), &given) != nil || given.AccessKeyID == "" || given.SecretAccessKey == "" || given.SessionToken == "" {
		return secret.Credentials{}, false
	}
	return secret.Credentials{
		AccessKeyID:     given.AccessKeyID,
		SecretAccessKey: secret.New(given.SecretAccessKey),
		SessionToken:    secret.New(given.SessionToken),
		Expires:         given.Expiration,
	}, true
}

// tokens of 4,096 bytes come through Redis, into every format, and through Slack's limits whole.
func (d *drill) tokens(ctx context.Context, c *checks) error {
	token := d.given.SessionToken.Reveal()
	c.holds(len(token) >= awsapi.MostPadding, "the token that was shown has 4,096 bytes or more", fmt.Sprintf("%d bytes", len(token)))
	voice := message.Voice{Prefix: d.Config.Slack.CommandPrefix, Now: d.Env.Now, Reveal: d.Config.Broker.RevealWindow}
	for _, f := range snippet.Formats() {
		shown, err := message.Issued(voice, broker.Issued{
			Grant: broker.Grant{ID: d.id, Account: d.account.Name, Expires: d.given.Expires, MFA: true}, Credentials: d.given, Account: d.account, Saved: true,
			Sealing: secret.InClear(),
		}, f)
		if err != nil {
			c.holds(false, "a message shows it as "+string(f), plain(err))
			continue
		}
		body, err := shown.JSON()
		whole := err == nil && strings.Contains(strings.Join(preformatted(body), ""), token)
		c.holds(whole && shown.Fits(), "a message shows it whole as "+string(f), fmt.Sprintf("whole: %v, within Slack's limits: %v", whole, shown.Fits()))
	}
	got, err := d.as(ctx, d.User, "buckets", d.account.Name)
	if err != nil {
		return err
	}
	listed, ok := got.of(event.Listing)
	c.holds(ok && listed.data.Code == "" && d.calls.sts(got.before) == 0, "they are used again out of Redis, without another call of STS", got.seen())
	failed, wrong := got.of(event.Failed)
	c.holds(!wrong || failed.data.Code == string(broker.CodeBucketsRefused), "AWS takes them as they came out of Redis", got.seen())
	return nil
}

// refusal is of an Account that the User may not have, and of a wrong code.
func (d *drill) refusal(ctx context.Context, c *checks) error {
	other := ""
	for a := range d.Config.Broker.Accounts.All() {
		got, err := d.app.Decide(ctx, policy.Ask{User: d.User, Channel: d.channel(), Account: a.Name, Reason: d.reason()})
		if err == nil && got.Effect == policy.Deny && got.Why == policy.NotAllowed {
			other = a.Name
			break
		}
	}
	if other == "" {
		c.untried("an Account that "+d.user.Name+" may not have is refused", "the config has none; a name that it does not have was tried in its place")
		other = "drill-" + d.id[:6]
	}
	got, err := d.as(ctx, d.User, "assume", other+" "+d.wrongCode()+" because "+d.reason())
	if err != nil {
		return err
	}
	refused, ok := got.of(event.Refused)
	known := refused.data.Code == string(broker.CodeNotAllowed) || refused.data.Code == string(broker.CodeUnknownAccount)
	c.holds(ok && known && got.shows() == 0, other+" is refused, on the record", got.seen())
	c.holds(d.calls.sts(got.before) == 0, "AWS is not asked for it", fmt.Sprintf("%d calls", d.calls.sts(got.before)))
	return d.tryWrong(ctx, c, "a wrong code is refused by AWS, on the record", event.Failed, broker.CodeWrongCode)
}

// lockOut is what too many wrong codes come to, until an admin ends it.
func (d *drill) lockOut(ctx context.Context, c *checks) error {
	d.will("the lock-out of "+d.user.Name, d.unlocked)
	locked := false
	tries := 0
	for ; tries < 10 && !locked; tries++ {
		got, err := d.as(ctx, d.User, "assume", d.request())
		if err != nil {
			return err
		}
		_, locked = got.of(event.LockedOut)
	}
	c.holds(locked, "after some wrong codes the record has a lock-out", fmt.Sprintf("after %d more: %v", tries, locked))
	if err := d.tryWrong(ctx, c, "no further code is tried", event.Refused, broker.CodeLockedOut); err != nil {
		return err
	}
	got, err := d.as(ctx, d.Admin, "assume", "unlock <@"+d.User+"> because "+d.reason())
	if err != nil {
		return err
	}
	lifted, ok := got.of(event.Unlocked)
	c.holds(ok && lifted.data.Code == "", "an admin ends it, on the record", got.seen())
	return d.tryWrong(ctx, c, "codes are tried again after that", event.Failed, broker.CodeWrongCode)
}

// pause stops issuing for everybody, until an admin resumes.
func (d *drill) pause(ctx context.Context, c *checks) error {
	if _, err := d.app.Record.End(ctx); err != nil {
		return err
	}
	if _, pause := d.app.Record.Orders(""); pause != nil && !pause.Over(d.Env.Now()) {
		return errors.New("an admin has paused the bot meanwhile, which the drill leaves alone")
	}
	d.will("the pause", d.resumed)
	got, err := d.as(ctx, d.Admin, "assume", "pause because "+d.reason())
	if err != nil {
		d.unanswered = errors.Is(err, errNoAnswer)
		return err
	}
	paused, ok := got.of(event.Paused)
	c.holds(ok && paused.data.Code == "", "an admin pauses the bot, on the record", got.seen())
	c.holds(!paused.data.Until.IsZero(), "the record says until when, should nobody resume it", paused.data.Until.Format(time.RFC3339))
	if err := d.tryWrong(ctx, c, "nothing is issued meanwhile", event.Refused, broker.CodePaused); err != nil {
		return err
	}
	if own, err := d.paused(ctx); err != nil || !own {
		c.holds(false, "the drill's own pause stands", "it does not: another took its place, which the drill leaves alone, or ended it")
		return err
	}
	if got, err = d.as(ctx, d.Admin, "assume", "resume because "+d.reason()); err != nil {
		return err
	}
	resumed, ok := got.of(event.Resumed)
	c.holds(ok && resumed.data.Code == "", "an admin resumes, on the record", got.seen())
	return d.tryWrong(ctx, c, "requests go to AWS again after that", event.Failed, broker.CodeWrongCode)
}

// revoke ends what the first step was given.
func (d *drill) revoke(ctx context.Context, c *checks) error {
	usable := d.list(ctx) == nil
	got, err := d.as(ctx, d.User, "assume", "revoke "+d.account.Name+" because "+d.reason())
	if err != nil {
		return err
	}
	revoked, ok := got.of(event.Revoked)
	c.holds(ok && revoked.data.Code == "", "it is revoked, on the record", got.seen())
	again, err := d.as(ctx, d.User, "buckets", d.account.Name)
	if err != nil {
		return err
	}
	_, listed := again.of(event.Listing)
	c.holds(!listed, "the bot uses the credentials no more", again.seen())
	const refuses = "AWS refuses the credentials that are out"
	switch {
	case d.account.Revoker == "":
		c.untried(refuses, d.account.Name+" has no revoker: they work until they expire, 15m after they were issued")
		return nil
	case !usable:
		c.holds(!revoked.data.DeniedBefore.IsZero(), "AWS was told to refuse what is out", got.seen())
		c.untried(refuses, "they could list no buckets before either, so nothing would show it")
		return nil
	}
	began := time.Now()
	err = await(ctx, d.RevokedWithin, func() (bool, error) { return d.list(ctx) != nil, nil })
	c.holds(err == nil, refuses, fmt.Sprintf("refused: %v, after %s", err == nil, time.Since(began).Round(time.Second)))
	return nil
}

// list lists buckets with the credentials that were given.
func (d *drill) list(ctx context.Context) error {
	account := d.account
	if account.Region == "" {
		account.Region = d.Settings.AWSRegion
	}
	_, _, err := d.app.AWS().ListBuckets(ctx, broker.BucketQuery{User: d.User, Account: account, Credentials: d.given})
	return err
}

// redisAway cuts the replica off from Redis: whoever asks is told, AWS is not asked, and it
// goes on by itself afterwards.
func (d *drill) redisAway(ctx context.Context, c *checks) error {
	d.cut()
	before := d.calls.count()
	answer, err := d.door.types(ctx, typed{d.User, d.channel(), "/" + d.Config.Slack.CommandPrefix + "assume", d.request()})
	calls := d.calls.sts(before)
	d.line.Mend()
	c.holds(err == nil && len(answer) > 0, "whoever asks without Redis is told", told(answer, err))
	c.holds(calls == 0, "AWS is not asked", fmt.Sprintf("%d calls", calls))
	c.holds(len(preformatted(answer)) == 0, "nothing is shown", fmt.Sprintf("%d texts to copy", len(preformatted(answer))))
	began := time.Now()
	err = await(ctx, readyIn, func() (bool, error) {
		_, err := d.app.Record.End(ctx)
		return err == nil, nil
	})
	c.holds(err == nil, "it reads the record again by itself", fmt.Sprintf("%v, after %s", err == nil, time.Since(began).Round(100*time.Millisecond)))
	return d.tryWrong(ctx, c, "it serves again by itself", event.Failed, broker.CodeWrongCode)
}

func told(answer []byte, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("an answer of %d bytes", len(answer))
}

// verify checks the whole record, that it goes on from where it was when the drill began, and
// that everything the drill wrote is proved by its checkpoint.
func (d *drill) verify(ctx context.Context, c *checks) error {
	end, err := d.app.Record.End(ctx)
	if err != nil {
		return err
	}
	if _, err := d.prove(ctx, end-1); err != nil {
		c.holds(false, "a checkpoint covers what the drill did", err.Error())
		return nil
	}
	got, err := audit.Verify(ctx, audit.Verification{
		Source: d.source, Keys: d.app.RecordKeys(), Since: d.since, Seal: d.app.Store.LogKeys, Trimmed: time.Now(),
	})
	if err != nil {
		return fmt.Errorf("the record cannot be read: %w", err)
	}
	seen := fmt.Sprintf("%d entries are those that were signed, %d not signed yet", got.Signed, got.Unsigned)
	for _, f := range got.Findings {
		seen = f.Error()
	}
	c.holds(len(got.Findings) == 0, "the whole record is what was signed, and goes on from before the drill", seen)
	mine, proved := 0, 0
	for _, e := range d.mine(ctx, d.began) {
		mine++
		if _, err := audit.ProveFrom(ctx, d.source, d.app.RecordKeys(), e.number); err == nil {
			proved++
		} else if errors.Is(err, audit.ErrUnsigned) && e.number >= end {
			mine--
		}
	}
	c.holds(mine > 0 && mine == proved, "each entry of the drill is on it, and proved", fmt.Sprintf("%d of %d", proved, mine))
	return nil
}

// prove proves an entry, once a checkpoint covers it.
func (d *drill) prove(ctx context.Context, n int64) (data []byte, err error) {
	failed := await(ctx, signedIn, func() (bool, error) {
		p, err := audit.ProveFrom(ctx, d.source, d.app.RecordKeys(), n)
		if errors.Is(err, audit.ErrUnsigned) || errors.Is(err, tree.ErrNoCheckpoint) {
			return false, nil
		}
		data = p.Data
		return err == nil, err
	})
	return data, failed
}
