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

// A clock is what everybody's time is moved by.
type clock struct{ world *world.World }

func (c clock) data(_ context.Context, v paneView) (any, error) {
	now, ahead := c.world.Clock.Now().In(v.Zone), c.world.Clock.Moved().Round(time.Second)
	out := clockView{
		Day: now.Format("Monday, January 2"), Time: now.Format(time.TimeOnly), Now: now.UnixMilli(), Zone: v.Zone.String(),
		Moves: c.world.App != nil,
	}
	if ahead > 0 {
		out.Ahead = text.FormatDuration(ahead)
	}
	return out, nil
}

// advance moves everybody's time.
func (c clock) advance(_ context.Context, _ *world.Person, form url.Values) error {
	d, known := clockSteps[form.Get("by")]
	switch {
	case !known:
		return errors.New("the clock moves by 5m or by 1h")
	case c.world.Clock.Moved()+d > furthest:
		return errors.New("the clock cannot be moved any further: start the demo anew")
	}
	return c.world.Advance(d)
}
