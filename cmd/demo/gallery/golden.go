// Package gallery shows every golden message and window as a person would see it,
// on a phone and on a desktop. It reads the golden files of the clone that it runs
// in, and has a fake Slack post them.
package gallery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// now is when everything in a golden file is, as in goldentest.
var now = time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)

// reader is whoever looks, in the zone that goldentest looks from.
var reader = slacktest.Reader{Zone: time.FixedZone("JST", 9*60*60), Now: now}

// patience bounds each call to the fake Slack.
const patience = 10 * time.Second

// A Golden is one message or window.
type Golden struct {
	Name   string // of its file, without .golden
	Window bool
	Notice string // what a notification says; "" of a window
	Tree   slacktest.Piece
}

// A Group is the golden files of one package.
type Group struct {
	Package string
	Goldens []Golden
}

// packages are where the golden files are.
var packages = []string{"bot/message", "bot/form", "bot/auditchannel", "bot/weekly"}

// errNoClone is that the demo runs outside of a clone, which has the golden files.
var errNoClone = errors.New("the gallery shows the golden messages of a clone, and this is not in one: " +
	"run it as `go run ./cmd/demo --gallery` from the top of a clone")

// root is the top of the clone that dir is in.
func root(dir string) (string, error) {
	for {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(packages[0]), "testdata", "messages")); err == nil {
			return dir, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", errNoClone
		}
		dir = above
	}
}

// Read reads the golden files of the clone that dir is in.
func Read(ctx context.Context, dir string) ([]Group, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = root(dir); err != nil {
		return nil, err
	}
	s, err := newStage()
	if err != nil {
		return nil, err
	}
	groups, err := s.read(ctx, dir)
	return groups, errors.Join(err, s.slack.Close()) //nolint:contextcheck // it ends what ctx must not end
}

const (
	alice   = "U01ALICE"
	general = "C0GENERAL"
)

// A stage is a workspace that the golden messages are posted in, so that they are
// read as Slack reads them.
type stage struct{ slack *slacktest.Server }

func newStage() (*stage, error) {
	slack, err := slacktest.Start()
	if err != nil {
		return nil, err
	}
	slack.SetClock(func() time.Time { return now })
	for id, name := range map[string]string{alice: "alice", "U02BOB": "bob", "U03CAROL": "carol", "W04DAVE": "dave"} {
		slack.AddUser(slacktest.User{ID: id, Name: name})
	}
	slack.AddChannel(slacktest.Channel{ID: general, Name: "general", Members: []string{alice}, BotMember: true})
	slack.AddChannel(slacktest.Channel{ID: "C0AUDIT", Name: "aws-audit", Members: []string{alice}, BotMember: true})
	for id, handle := range map[string]string{"S01LEADS": "leads", "S02OPS": "ops", "S01ONCALL": "oncall"} {
		slack.SetUserGroup(slacktest.UserGroup{ID: id, Handle: handle, Name: handle})
	}
	return &stage{slack}, nil
}

func (s *stage) read(ctx context.Context, dir string) ([]Group, error) {
	var groups []Group
	for _, of := range packages {
		files, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(of), "testdata", "messages", "*.golden"))
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s has no golden files: %w", of, errNoClone)
		}
		group := Group{Package: of}
		for _, file := range files {
			golden, err := s.golden(ctx, file)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			group.Goldens = append(group.Goldens, golden)
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// golden posts what a file holds: what it reads as, ----, and what Slack gets. Of a
// message the notification and ---- come before that.
func (s *stage) golden(ctx context.Context, file string) (Golden, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Golden{}, err
	}
	parts := strings.Split(string(data), "\n----\n")
	sent := parts[len(parts)-1]
	g := Golden{Name: strings.TrimSuffix(filepath.Base(file), ".golden"), Window: len(parts) == 2}
	if g.Window {
		g.Tree, err = s.window(ctx, sent)
		return g, err
	}
	g.Notice = parts[0]
	if err := s.call(ctx, "chat.postMessage", url.Values{"channel": {general}, "text": {g.Notice}, "blocks": {sent}}); err != nil {
		return Golden{}, err
	}
	posted := s.slack.InChannel(general)
	g.Tree = posted[len(posted)-1].Tree(reader)
	return g, nil
}

// window opens a view and closes it again.
func (s *stage) window(ctx context.Context, view string) (slacktest.Piece, error) {
	command, err := s.slack.Command(alice, general, "/assume", "")
	if err != nil {
		return slacktest.Piece{}, err
	}
	if err := s.call(ctx, "views.open", url.Values{"trigger_id": {command.TriggerID}, "view": {view}}); err != nil {
		return slacktest.Piece{}, err
	}
	open := s.slack.Views(alice)
	v := open[len(open)-1]
	_, err = s.slack.CloseView(alice, v.ID)
	return v.Tree(reader), err
}

func (s *stage) call(ctx context.Context, method string, form url.Values) (err error) {
	form.Set("token", s.slack.BotToken())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.slack.APIURL()+method, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := (&http.Client{Timeout: patience}).Do(request)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	var answer struct {
		OK    bool
		Error string
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	if !answer.OK {
		return fmt.Errorf("Slack does not take it: %s", answer.Error)
	}
	return nil
}
