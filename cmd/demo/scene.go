package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/assumebot/assumebot/cmd/demo/world"
)

// A person is one of the cast, with what the terminal knows of them.
type person struct {
	*world.Person
	shown  *shown // the last credentials that they saw; nil before
	sealed bool   // what they saw last is encrypted to their key
	atHome bool   // the App Home is what is before them
	asked  *question
}

// A scene is the world, and its people as the terminal knows them.
type scene struct {
	*world.World
	people []*person
}

// newScene starts the fakes and makes the bot, which is not running yet.
func newScene(ctx context.Context, file []byte, log *slog.Logger) (*scene, error) {
	w, err := world.Start()
	if err != nil {
		return nil, err
	}
	if err := w.MakeBot(ctx, file, log); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	s := &scene{World: w}
	for _, p := range w.People {
		s.people = append(s.people, &person{Person: p})
	}
	return s, nil
}

// person finds one of the cast by name, in any case.
func (s *scene) person(name string) (*person, bool) {
	for _, p := range s.people {
		if strings.EqualFold(p.Name, name) {
			return p, true
		}
	}
	return nil, false
}
