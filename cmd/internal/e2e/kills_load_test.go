package e2e

import (
	"cmp"
	"context"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
)

// sightings are what people saw.
type sightings struct {
	requests atomic.Int64                      // that they made
	heard    map[string]chan slacktest.Message // by person

	mu    sync.Mutex
	shown map[string][]string // by access key ID: who saw the credentials
}

// accessKey is the ID of what STS issues.
var accessKey = regexp.MustCompile(`ASIA[A-Z2-7]{16}`)

// watch sees what people see in Slack from now on.
func watch(slack *slacktest.Server, people []string) *sightings {
	s := &sightings{heard: map[string]chan slacktest.Message{}, shown: map[string][]string{}}
	directly := map[string]string{}
	for _, id := range people {
		s.heard[id] = make(chan slacktest.Message, 8)
		directly[slack.DM(id)] = id
	}
	slack.Subscribe(func(c slacktest.Change) {
		text := c.Message.Text + string(c.Message.Blocks) + string(c.Message.Attachments) + string(c.View.Blocks)
		s.sees(cmp.Or(c.Message.To, c.User, directly[c.Message.Channel], c.Message.Channel), text)
		select {
		case s.heard[c.Message.To] <- c.Message:
		default: // they do not listen
		}
	})
	return s
}

// sees takes in what a person, or everybody in a channel, sees.
func (s *sightings) sees(who, text string) {
	if !strings.Contains(text, "AWS_SESSION_TOKEN") {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range accessKey.FindAllString(text, -1) {
		if !slices.Contains(s.shown[id], who) {
			s.shown[id] = append(s.shown[id], who)
		}
	}
}

// asks has everybody ask until the function it returns is called, which waits for them.
func (s *siege) asks(ctx context.Context, devices []*awstest.Device) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for i, device := range devices {
		p := &asker{siege: s, id: crowdID(i), device: device, heard: s.saw.heard[crowdID(i)]}
		all.Go(func() {
			for pause(ctx, upTo(2*time.Second)) {
				p.turn(ctx)
			}
		})
	}
	all.Go(func() {
		for pause(ctx, upTo(4*time.Second)) {
			who := "@" + crowdName(rand.IntN(len(devices)))
			s.types(admin, "C0ADMINS", "/assume", "block "+who+" because a drill")
			pause(ctx, upTo(2*time.Second))
			s.types(admin, "C0ADMINS", "/assume", "unblock "+who)
		}
	})
	return func() { cancel(); all.Wait() }
}

// An asker is one of the crowd.
type asker struct {
	*siege
	id     string
	device *awstest.Device
	last   string // the code that they used last
	heard  chan slacktest.Message
}

// turn is one thing that they do.
func (p *asker) turn(ctx context.Context) {
	account := []string{"staging", "prod", "hub"}[rand.IntN(3)]
	switch code := p.device.Code(); {
	case code != p.last && rand.IntN(2) == 0:
		p.last = code
		p.asks(ctx, "/assume", account+" "+code)
	case rand.IntN(8) == 0:
		p.asks(ctx, "/mfa", "end")
	default:
		if m, ok := p.asks(ctx, "/assume", "staging"); ok {
			p.presses(ctx, m)
		}
	}
}

// asks types a command and waits a while for what they are told.
func (p *asker) asks(ctx context.Context, command, text string) (slacktest.Message, bool) {
	for len(p.heard) > 0 {
		<-p.heard
	}
	p.types(p.id, "C0GENERAL", command, text)
	return p.hears(ctx)
}

// presses presses a button of a message that offers to show or renew credentials.
func (p *asker) presses(ctx context.Context, m slacktest.Message) {
	for _, b := range m.Buttons() {
		if (b.Label == "Show again" || b.Label == "Renew") && rand.IntN(2) == 0 {
			p.saw.requests.Add(1)
			if _, err := p.slack.Press(p.id, m.Ref(), b.BlockID, b.ActionID); err == nil {
				p.hears(ctx)
			}
			return
		}
	}
}

func (p *asker) hears(ctx context.Context) (slacktest.Message, bool) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	select {
	case m := <-p.heard:
		return m, true
	case <-ctx.Done():
		return slacktest.Message{}, false
	}
}

// types types a command, whatever becomes of it: while no bot is connected Slack says so.
func (s *siege) types(user, channel, command, text string) {
	s.saw.requests.Add(1)
	if _, err := s.slack.Command(user, channel, command, text); err != nil {
		s.t.Error(err)
	}
}
