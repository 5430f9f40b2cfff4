package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/assumebot/assumebot/cmd/demo/shell"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// A person is one of the cast, with what the terminal knows of them.
type person struct {
	*world.Person
	shell  *shell.Shell
	shown  bool // credentials were shown to them
	sealed bool // what they saw last is encrypted to a key that their shell does not have
	atHome bool // the App Home is what is before them
	behind bool // something to press came behind their window, and was not offered
	asked  *question
}

// A scene is the world, and its people as the terminal knows them.
type scene struct {
	*world.World
	people []*person
	sleep  func(context.Context, time.Duration) error // where time is real
	page   string                                     // where the page is
}

// newScene starts the fakes.
func newScene() (*scene, error) {
	w, err := world.Start()
	if err != nil {
		return nil, err
	}
	s := &scene{World: w, sleep: waitReally}
	for _, p := range w.People {
		s.people = append(s.people, &person{Person: p, shell: &shell.Shell{Endpoint: w.AWS.URL(), Region: world.Region, Key: p.Key}})
	}
	return s, nil
}

// newSceneWithBot starts the fakes and makes the bot, which is not running yet.
func newSceneWithBot(ctx context.Context, file []byte, log *slog.Logger) (*scene, error) {
	s, err := newScene() //nolint:contextcheck // it ends what ctx must not end
	if err != nil {
		return nil, err
	}
	if err := s.MakeBot(ctx, file, log); err != nil {
		return nil, errors.Join(err, s.Close()) //nolint:contextcheck // as above
	}
	return s, nil
}

// seeLog says where whoever wonders about the bot looks.
func (w *scene) seeLog() string {
	if w.App == nil {
		return "the log of `assumebot run` may say why"
	}
	return "run the demo with -v to see its log"
}

// person finds one of the cast by name, in any case.
func (w *scene) person(name string) (*person, bool) {
	for _, p := range w.people {
		if strings.EqualFold(p.Name, name) {
			return p, true
		}
	}
	return nil, false
}
