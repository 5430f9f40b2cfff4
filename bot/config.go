package bot

import (
	"time"

	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/weekly"
	"github.com/assumebot/assumebot/broker"
)

// Settings are what the bot itself goes by of the config.
type Settings struct {
	Workspaces       []string
	ApprovalsChannel string           // where Approvals are asked for
	RevealWindow     time.Duration    // how long credentials can be shown again
	MFASession       time.Duration    // how long an MFA session lasts at most; 0: there are none
	Weekly           *weekly.Schedule // when the summary is posted; nil: never
	Accounts         []string         // that there are
	Reminder         time.Duration    // how long before the end of a Grant the person is reminded; 0: never
}

// serving is what one config makes of the bot, whole: a Request that has begun
// ends by the Broker that it began with.
type serving struct {
	broker   *broker.Broker
	settings Settings
	voice    message.Voice
}

// Serve makes what is asked from now on go by another config.
func (b *Bot) Serve(br *broker.Broker, s Settings) {
	v := message.Voice{Prefix: b.prefix, Now: b.now, Reveal: s.RevealWindow, MFASession: s.MFASession}
	b.live.Store(&serving{broker: br, settings: s, voice: v})
}
