package web

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/blockhtml"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// maxShown is how many messages of a channel show, the newest.
const maxShown = 100

// together is how long after the first of a row of messages its author is not
// named again.
const together = 5 * time.Minute

// A messageView is what message.html gets.
type messageView struct {
	ID, On    string
	Day       string // of the first message of a day
	Author    string
	Initials  string
	Face      string // the class of the avatar
	App       bool
	At        time.Time
	Sent      string // At for machines
	Time      string // At for the reader
	Head      bool   // the author is named
	Private   bool   // "Only visible to you"
	Edited    bool
	Calls     bool // it calls the reader
	Warning   string
	Body      template.HTML
	Dismissal string // what dismisses it, "" for what stays
}

// talk is what is written in channels, as people see it.
type talk struct {
	world *world.World
	desks desks
}

// sights are what everybody sees now, by the name of the person: each column asks
// for them once.
type sights map[string][]slacktest.Message

func (t *talk) seen() sights {
	out := sights{}
	for _, p := range t.world.People {
		out[p.Name] = t.world.Slack.SeenBy(p.ID)
	}
	return out
}

// messages are what p sees in a channel, the newest last.
func (t *talk) messages(seen sights, p *world.Person, where place, reader slacktest.Reader, id string) []messageView {
	d := t.desks[p.Name]
	var out []messageView
	for _, m := range t.inChannel(seen, p, where) {
		v := messageView{
			ID: id + "m" + strings.ReplaceAll(m.TS, ".", "-"), On: refText(m.Ref()), Private: m.Ephemeral,
			Edited: m.Via == "chat.update" && m.Blocks == nil, Calls: t.world.Slack.Notifies(m, p.ID), Warning: d.warning(m.Ref()),
		}
		if m.Ephemeral {
			v.Dismissal = v.On
		}
		t.by(&v, m.Author)
		v.at(m.TS, reader)
		v.Body = blockhtml.HTML(m.Tree(reader), drawnFor(t.world, p, v.ID))
		out = append(out, v)
	}
	for _, n := range d.told(where.Channel) {
		v := messageView{ID: id + "n" + strconv.Itoa(n.id), Private: true, Dismissal: "notice " + strconv.Itoa(n.id)}
		t.by(&v, "USLACKBOT")
		v.at(n.ts, reader)
		v.Body = blockhtml.HTML(said(n.text), blockhtml.Options{ID: v.ID})
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(a, b messageView) int { return a.At.Compare(b.At) })
	out = out[max(0, len(out)-maxShown):]
	group(out, reader)
	return out
}

// inChannel are the newest messages of a channel that p sees and has not put away.
func (t *talk) inChannel(seen sights, p *world.Person, where place) []slacktest.Message {
	d := t.desks[p.Name]
	var list []slacktest.Message
	for _, m := range slices.Backward(seen[p.Name]) {
		if m.Channel == where.Channel && !d.dismissed(m.Ref()) {
			if list = append(list, m); len(list) == maxShown {
				break
			}
		}
	}
	slices.Reverse(list)
	return list
}

// unread reports whether p has something new there, and how much of it calls them.
func (t *talk) unread(seen sights, p *world.Person, where place) (unread bool, calls int) {
	read := t.desks[p.Name].lastRead(where.Channel)
	for _, m := range t.inChannel(seen, p, where) {
		if m.TS <= read || m.Author == p.ID || m.Ephemeral {
			continue
		}
		unread = true
		if where.Name == direct || t.world.Slack.Notifies(m, p.ID) {
			calls++
		}
	}
	return unread, calls
}

func said(text string) slacktest.Piece {
	return slacktest.Piece{Kind: slacktest.PieceWhole, Pieces: []slacktest.Piece{{
		Kind: slacktest.PieceParagraph, Spans: []slacktest.Span{{Kind: slacktest.SpanText, Text: text}},
	}}}
}

// by says who wrote it.
func (t *talk) by(v *messageView, author string) {
	v.Author, v.Face = author, "other"
	switch author {
	case t.world.Slack.BotUserID():
		v.Author, v.Face, v.App = t.world.Slack.BotName(), "bot", true
	case "USLACKBOT":
		v.Author, v.Face = "Slackbot", "slackbot"
	}
	for _, p := range t.world.People {
		if p.ID == author {
			v.Author, v.Face = p.Name, p.Name
		}
	}
	v.Initials = strings.ToUpper(v.Author[:min(2, len(v.Author))])
}

func (v *messageView) at(ts string, reader slacktest.Reader) {
	v.At = stamped(ts).In(reader.Zone)
	v.Time, v.Sent = v.At.Format("3:04 PM"), v.At.UTC().Format(time.RFC3339)
}

// stamped is the time that a message's time stamp says.
func stamped(ts string) time.Time {
	seconds, micros, _ := strings.Cut(ts, ".")
	sec, _ := strconv.ParseInt(seconds, 10, 64)
	usec, _ := strconv.ParseInt(micros, 10, 64)
	return time.Unix(sec, usec*1000)
}

// stampOf is a time as messages have it.
func stampOf(at time.Time) string {
	micros := at.UnixMicro()
	return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6)
}

// group names the author of the first of several messages, and the day of the
// first of a day.
func group(list []messageView, reader slacktest.Reader) {
	var head messageView
	day := ""
	for i := range list {
		v := &list[i]
		if today := v.At.Format(time.DateOnly); today != day {
			v.Day, day = dayName(v.At, reader), today
		}
		v.Head = v.Day != "" || v.Author != head.Author || v.Private != head.Private || v.At.Sub(head.At) > together
		if v.Head {
			head = *v
		}
	}
}

// dayName is how Slack heads the messages of a day.
func dayName(at time.Time, reader slacktest.Reader) string {
	now := reader.Now.In(reader.Zone)
	switch at.Format(time.DateOnly) {
	case now.Format(time.DateOnly):
		return "Today"
	case now.AddDate(0, 0, -1).Format(time.DateOnly):
		return "Yesterday"
	}
	return at.Format("Monday, January 2")
}

// refText names a message or a view for the page, readRef reads it back.
func refText(on slacktest.MessageRef) string {
	return cmp.Or(on.ViewID, on.Channel+" "+on.TS)
}

func readRef(text string) slacktest.MessageRef {
	if channel, ts, isMessage := strings.Cut(text, " "); isMessage {
		return slacktest.MessageRef{Channel: channel, TS: ts}
	}
	return slacktest.MessageRef{ViewID: text}
}
