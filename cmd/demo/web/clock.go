package web

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/assumebot/assumebot/broker/text"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// A clockView is what clock.html gets.
type clockView struct {
	Day, Time string
	Now       int64 // milliseconds, for the clock to tick
	Zone      string
	Moves     bool // it can be moved
	Ahead     string
}

// steps are how far the clock can be moved at once.
var clockSteps = map[string]time.Duration{"5m": 5 * time.Minute, "1h": time.Hour}

// furthest is how far it can be moved in all: dates on AWS's wire end.
const furthest = 365 * 24 * time.Hour

func (s *Server) clockData(_ context.Context, v paneView) (any, error) {
	now, ahead := s.world.Clock.Now().In(v.Zone), s.world.Clock.Moved().Round(time.Second)
	out := clockView{
		Day: now.Format("Monday, January 2"), Time: now.Format(time.TimeOnly), Now: now.UnixMilli(), Zone: v.Zone.String(),
		Moves: s.world.App != nil,
	}
	if ahead > 0 {
		out.Ahead = text.FormatDuration(ahead)
	}
	return out, nil
}

// advance moves everybody's time.
func (s *Server) advance(_ context.Context, _ *world.Person, form url.Values) error {
	d, known := clockSteps[form.Get("by")]
	switch {
	case !known:
		return errors.New("the clock moves by 5m or by 1h")
	case s.world.Clock.Moved()+d > furthest:
		return errors.New("the clock cannot be moved any further: start the demo anew")
	}
	return s.world.Advance(d)
}
