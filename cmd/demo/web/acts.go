package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/blockhtml"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

const (
	// patience bounds the wait for what Slack gives the app three seconds for.
	patience = 10 * time.Second
	// longestMessage is in characters.
	// https://slack.com/help/articles/201457107-Send-and-read-messages
	longestMessage = 12_000

	tooLarge = "That is more than the page takes."
)

// An act is something that a person does. What stands in its way is an error, which
// they are shown; what the app did not answer shows where Slack shows it.
type act func(s *Server, ctx context.Context, p *world.Person, where place, form url.Values) error

var acts = map[string]act{
	"send":     (*Server).sendAct,
	"shortcut": (*Server).shortcutAct,
	"dismiss":  (*Server).dismissAct,
	"press":    (*Server).pressAct,
	"choose":   (*Server).chooseAct,
	"fill":     (*Server).fillAct,
	"submit":   (*Server).submitAct,
	"close":    (*Server).closeAct,
}

// serveAct does what a person wants, and answers once Slack has shown them that the
// app was told.
func (s *Server) serveAct(w http.ResponseWriter, r *http.Request) {
	p, where, ok := s.stand(spot{r.PathValue("person"), r.PathValue("place")})
	name := r.PathValue("act")
	do, known := acts[name]
	if !ok || !known && name != "suggest" {
		http.NotFound(w, r)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, tooLarge, http.StatusRequestEntityTooLarge)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if name == "suggest" {
		s.suggest(ctx, w, p, r.PostForm)
		return
	}
	s.did(p, do(s, ctx, p, where, r.PostForm))
	s.answer(w, r)
}

// did shows p why something could not be done, or that nothing stood in its way.
func (s *Server) did(p *world.Person, err error) {
	s.desks[p.Name].say(sentence(err))
	s.hub.touch(p.Name)
}

// sentence is an error as a person reads it, "" for none.
func sentence(err error) string {
	if err == nil {
		return ""
	}
	text := strings.TrimPrefix(err.Error(), "slacktest: ")
	first, size := utf8.DecodeRuneInString(text)
	return strings.ToUpper(string(first)) + text[size:] + "."
}

// answer lets the page look again, or leads who has no JavaScript back to it.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	if back, ok := s.ofPage(r.PostForm.Get("back")); ok && r.Header.Get("X-Page") == "" {
		http.Redirect(w, r, back, http.StatusSeeOther) //nolint:gosec // a path of this page
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// ofPage is the path and the query of an address, where that is one of this page and
// says no more than these.
func (s *Server) ofPage(address string) (back string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Opaque != "" || u.User != nil || u.Host != "" {
		return "", false
	}
	if path.Clean(u.Path) != u.Path || !strings.HasPrefix(u.Path, s.base()+"/") {
		return "", false
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String(), true
}

// sendAct sends what is in the message box: a command, or a message.
func (s *Server) sendAct(ctx context.Context, p *world.Person, where place, form url.Values) error {
	text := strings.TrimRight(form.Get("text"), " \r\n")
	switch {
	case strings.TrimSpace(text) == "":
		return nil
	case utf8.RuneCountInString(text) > longestMessage:
		return fmt.Errorf("Slack takes at most %d characters in one message", longestMessage)
	case where.Channel == "":
		return fmt.Errorf("%s has no message box", where.Title)
	}
	if !strings.HasPrefix(text, "/") {
		_, err := s.world.Slack.SendMessage(p.ID, where.Channel, text)
		return err // who writes a message is not told what became of it
	}
	name, rest, _ := strings.Cut(text, " ")
	if !s.world.Registered(name) {
		s.desks[p.Name].notify(notice{channel: where.Channel, ts: s.now(), text: world.NoCommand(name)})
		return nil
	}
	d, err := s.world.Slack.Command(p.ID, where.Channel, name, rest)
	if err != nil {
		return err
	}
	_ = d.Wait(ctx) // Slackbot has told them
	return nil
}

// now is the time as messages have it.
func (s *Server) now() string {
	micros := s.world.Clock.Now().UnixMicro()
	return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6)
}

func (s *Server) shortcutAct(ctx context.Context, p *world.Person, _ place, _ url.Values) error {
	d, err := s.world.Slack.Shortcut(p.ID, world.Shortcut)
	return s.delivered(ctx, p, slacktest.MessageRef{}, d, err)
}

func (s *Server) dismissAct(_ context.Context, p *world.Person, _ place, form url.Values) error {
	what := form.Get("what")
	if number, isNotice := strings.CutPrefix(what, "notice "); isNotice {
		id, err := strconv.Atoi(number)
		if err != nil {
			return err
		}
		s.desks[p.Name].forget(id)
		return nil
	}
	on := readRef(what)
	if m, found := s.world.Slack.Message(on); found && m.Ephemeral && m.To == p.ID {
		s.desks[p.Name].dismiss(on)
	}
	return nil
}

func (s *Server) pressAct(ctx context.Context, p *world.Person, _ place, form url.Values) error {
	on := readRef(form.Get("on"))
	d, err := s.world.Slack.Press(p.ID, on, form.Get("block"), form.Get("action"))
	return s.delivered(ctx, p, on, d, err)
}

func (s *Server) chooseAct(ctx context.Context, p *world.Person, _ place, form url.Values) error {
	on := readRef(form.Get("on"))
	d, err := s.world.Slack.Choose(p.ID, on, form.Get("block"), form.Get("action"), lines(form.Get("value")))
	return s.delivered(ctx, p, on, d, err)
}

// lines are as typed: a form sends others.
func lines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// delivered waits until the app was told. Where Slack shows a warning sign when it
// does not answer, one is shown.
func (s *Server) delivered(ctx context.Context, p *world.Person, on slacktest.MessageRef, d *slacktest.Delivery, err error) error {
	if err != nil || d == nil {
		return err
	}
	s.desks[p.Name].warn(on, "")
	if d.Wait(ctx) == nil {
		return nil
	}
	if on.TS == "" {
		return fmt.Errorf("%s did not respond", s.world.Slack.BotName())
	}
	s.desks[p.Name].warn(on, s.world.Slack.BotName()+" did not respond.")
	return nil
}

// fillAct keeps what is typed into a field. One that is gone meanwhile keeps nothing:
// a browser tells of it when the focus leaves.
func (s *Server) fillAct(_ context.Context, p *world.Person, _ place, form url.Values) error {
	on, block := form.Get("on"), form.Get("block")
	open := s.world.Slack.Views(p.ID)
	if len(open) == 0 || open[len(open)-1].ID != on {
		return nil
	}
	if _, there := open[len(open)-1].Field(block); !there {
		return nil
	}
	return s.world.Slack.Fill(p.ID, on, block, lines(form.Get("value")))
}

// submitAct submits a window: each field is followed by what it holds.
func (s *Server) submitAct(ctx context.Context, p *world.Person, _ place, form url.Values) error {
	fields, held := form["field"], form["value"]
	if len(fields) != len(held) {
		return fmt.Errorf("%d fields hold %d values", len(fields), len(held))
	}
	values := map[string]string{}
	for i, name := range fields {
		values[name] = lines(held[i])
	}
	d, err := s.world.Slack.Submit(p.ID, form.Get("on"), values)
	if err != nil {
		return err
	}
	_ = d.Wait(ctx) // the window says so
	return nil
}

func (s *Server) closeAct(_ context.Context, p *world.Person, _ place, form url.Values) error {
	_, err := s.world.Slack.CloseView(p.ID, form.Get("on"))
	return err
}

// suggest answers with what the app offers for what was typed into a menu.
func (s *Server) suggest(ctx context.Context, w http.ResponseWriter, p *world.Person, form url.Values) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	offered, err := s.world.Slack.Suggest(ctx, p.ID, readRef(form.Get("on")), form.Get("block"), form.Get("action"), form.Get("typed"))
	if err != nil {
		http.Error(w, "Results could not be loaded", http.StatusBadGateway)
		return
	}
	_, _ = w.Write([]byte(blockhtml.Offers(offered, form.Get("id")))) //nolint:gosec // blockhtml has escaped it
}
