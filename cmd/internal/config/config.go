package config

import (
	"fmt"
	"reflect"
	"time"

	"github.com/assumebot/assumebot/bot/weekly"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

// Config is the config file, read and found right.
type Config struct {
	Slack    SlackConfig
	Broker   policy.Config
	Record   Record
	Reminder time.Duration    // how long before the end of a Grant the person is reminded; 0: never
	Weekly   *weekly.Schedule // of the summary; nil: there is none
	// WrappedKeys refuses seal keys and record keys that stand in clear.
	WrappedKeys bool
	Warnings    Problems // what is allowed but should be said aloud, such as an Account without MFA
	Summary     Summary  // what it says, to tell it apart from another
}

// A File is the config file as it is written.
type File struct {
	Slack          At[Slack]         `key:"slack" example:"{workspaces: [T0123EXAMPLE], audit_channel: C0123AUDIT}" doc:"Whom it serves, and where."`
	Contact        At[string]        `key:"contact" change:"quoted" example:"'#help-aws'" doc:"Whom to ask: shown to whoever may not use the bot."`
	RevealWindow   At[time.Duration] `key:"reveal_window" default:"10m" example:"10m" doc:"How long issued credentials can be shown again, and used by buttons."`
	MFASession     At[time.Duration] `key:"mfa_session" may:"zero" example:"8h" doc:"How long one code serves several requests; 0, the default, is for one alone."`
	RotateKeys     At[time.Duration] `key:"rotate_keys" may:"zero" example:"24h" doc:"At what age keys in Secrets Manager are replaced; 0, the default: never."`
	WrappedKeys    At[string]        `key:"wrapped_keys" example:"required" doc:"required: the bot's own keys count only if KMS has wrapped them."`
	SigninEndpoint At[string]        `key:"signin_endpoint" doc:"Where console sign-in asks for its token, if not where AWS says."`
	Users          At[[]At[User]]    `key:"users" change:"-" doc:"The people who may use the bot."`
	Groups         At[[]Group]       `key:"groups" change:"-" example:"{leads: [U02BOB, S02LEADS]}" doc:"People under one name, for wherever people are named."`
	Accounts       At[[]At[Account]] `key:"accounts" change:"-" doc:"What may be had."`
	Reminder       At[time.Duration] `key:"reminder" may:"zero" default:"5m" example:"5m" doc:"How long before credentials end the person is told; 0 is never."`
	Weekly         At[Weekly]        `key:"summary" example:"{day: mon, time: '09:00', zone: UTC}" doc:"When a summary of the week is posted; left out: never."`
	Delivery
	Admins At[[]At[string]]  `key:"admins" example:"[U0ADMIN, S0PLATFORM]" doc:"Who may block, unlock and revoke others, and pause the bot."`
	Limits At[Limits]        `key:"limits" example:"{requests: 30, sts_calls: 100}" doc:"What is done within a minute at most, for all replicas together."`
	Record At[RecordSection] `key:"record" example:"{origin: example.com/assumebot}" doc:"How the audit record is kept. It counts from the next start."`

	weekly weekly.Schedule
	roster
}

func (File) hints() map[string]hint {
	return map[string]hint{
		"slack": {missing: "a map with workspaces and audit_channel"},
		"users": {missing: "who may use the bot", empty: "nobody could use the bot; add who may", of: "users", entry: "this user"},
		"groups": {empty: "nobody is in it; add user IDs (U…) or user group IDs (S…), or remove it", of: ofPeople,
			names: nameOfGroup(), shape: ids(userID, groupID)},
		"accounts": {missing: "what may be had", empty: "nobody could have anything; add an account", of: "accounts", entry: "this account"},
		"admins": {empty: "nobody could pause the bot or block anybody; name somebody or remove the key", of: ofPeople, shape: people(false),
			more: "They need not be users."},

		"contact":       {shape: shape{object{"maxLength": maxContact}, fmt.Sprintf("up to %d characters", maxContact)}},
		"reveal_window": {shape: lasting(minRevealWindow, policy.MaxRevealWindow), more: "So long they stay sealed in Redis."},
		"mfa_session": {shape: lasting(broker.MinMFASession, broker.MaxMFASession),
			more: "Whoever sits at the person's unlocked Slack needs no code then: write mfa: fresh for what matters."},
		"rotate_keys": {shape: lasting(minRotation, maxRotation),
			more: "It is for users with credentials {secret: …}, whose keys the bot then makes and deletes by itself; its identity needs rotation-policy.json."},
		"wrapped_keys": {shape: words("required"), meant: switched("write wrapped_keys: required", "remove wrapped_keys"),
			more: "With a key in clear in ASSUMEBOT_SEAL_KEYS or ASSUMEBOT_RECORD_KEY the bot does not start."},
		"reminder":        {shape: lasting(minReminder, maxReminder)},
		"signin_endpoint": {shape: matching("^[Hh][Tt][Tt][Pp][Ss]?://", "URL of one of AWS's sign-in hosts, or on loopback")},
	}
}

// Load reads the config file at path and the files it names. The error is
// [Problems]: everything that is wrong, in one go.
func Load(path string) (Config, error) {
	r := Read(path)
	return r.Config, r.Err()
}

// Parse reads data as a config file that messages call file. A file that it names
// is read by readFile, to which the name goes as it is written. The error is
// [Problems].
func Parse(file string, data []byte, readFile func(name string) ([]byte, error)) (Config, error) {
	c := &collector{file: file, readFile: readFile}
	var f File
	if root := parseDocument(c, data); root != nil {
		w := walker{collector: c, keys: keysByType{}}
		w.fields(root, "the file", reflect.ValueOf(&f).Elem())
		f.check(c)
	}
	if err := c.err(); err != nil {
		return Config{}, err
	}
	f.warn(c)
	sortByPosition(c.warnings)
	return Config{
		Slack:    f.Slack.Value.settings(),
		Broker:   f.granted(),
		Record:   f.Record.Value.settings(file),
		Reminder: f.Reminder.Value,
		Weekly:   f.schedule(),

		WrappedKeys: f.WrappedKeys.Value != "",
		Warnings:    c.warnings,
		Summary:     f.summarize(),
	}, nil
}

// minRevealWindow is the shortest in which a person who lost the reply can
// still ask for it again.
const minRevealWindow = time.Minute

// maxContact keeps the sentence that it is part of within one line of a phone.
const maxContact = 200

// check reports what is wrong, and makes of what is written what it means.
func (f *File) check(c *collector) {
	if r := f.RevealWindow; r.Value < minRevealWindow || r.Value > policy.MaxRevealWindow {
		c.problem(r.Position, "reveal_window is %s: write between 1m and 1h", text.FormatDuration(r.Value))
	}
	if n := len([]rune(f.Contact.Value)); n > maxContact {
		c.problem(f.Contact.Position, "contact has %d characters: at most %d, such as \"#help-aws\"", n, maxContact)
	}
	if s := f.SigninEndpoint; s.OK {
		if err := awsapi.CheckSigninEndpoint(s.Value); err != nil {
			c.problem(s.Position, "signin_endpoint %v", err)
		}
	}
	f.checkMFASession(c)
	f.checkRotation(c)
	if w := f.WrappedKeys; w.OK && w.Value != "required" {
		c.problem(w.Position, "wrapped_keys is %s: write required (keys of the bot that stand in clear are refused), or remove wrapped_keys", Quote(w.Value))
	}
	f.checkReminder(c)
	f.weekly = f.Weekly.Value.check(c)
	f.Delivery.check(c)
	f.Slack.Value.check(c)
	f.roster = newRoster(c, f.Groups.Value)
	f.checkWho(c, "admins", f.Admins.Value, false) // everybody as admin is never meant
	f.Limits.Value.check(c)
	f.Record.Value.check(c)
	for u := range each(f.Users.Value) {
		u.check(c)
		f.users[u.Slack.Value] = true
	}
	for a := range each(f.Accounts.Value) {
		a.check(c, f)
	}
	// What is wrong between entries that are right each by itself.
	f.checkUsers(c)
	f.checkAccounts(c)
	f.checkSerials(c)
	f.checkNamed(c)
	f.checkPartitions(c)
	f.checkOutside(c)
}

// schedule is when the summary is posted; nil: never.
func (f *File) schedule() *weekly.Schedule {
	if !f.Weekly.OK {
		return nil
	}
	return &f.weekly
}

// warn notes what is right but should be said aloud.
func (f *File) warn(c *collector) {
	f.warnMFASession(c)
	f.warnRotation(c)
	f.warnNoMFA(c)
	f.warnRegions(c)
	f.warnExternalIDs(c)
	f.warnRules(c)
	f.warnSealed(c)
	f.warnDelivery(c)
	f.warnSharedKeys(c)
}

// granted is the file as policy knows it.
func (f *File) granted() policy.Config {
	b := policy.Config{
		Workspaces:     values(f.Slack.Value.Workspaces.Value),
		Groups:         map[string]policy.Group{},
		Admins:         values(f.Admins.Value),
		Limits:         f.Limits.Value.granted(),
		Contact:        f.Contact.Value,
		RevealWindow:   f.RevealWindow.Value,
		MFASession:     f.MFASession.Value,
		RotateKeys:     f.RotateKeys.Value,
		SigninEndpoint: f.SigninEndpoint.Value,
	}
	for u := range each(f.Users.Value) {
		b.Users.Add(u.Slack.Value, u.granted())
	}
	for a := range each(f.Accounts.Value) {
		b.Accounts.Add(a.Name.Value, a.granted())
	}
	for name, members := range f.groups {
		b.Groups[name] = policy.NewGroup(members...)
	}
	return b
}
