package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/assumebot/assumebot/cmd/demo/world"
)

const (
	codeNow  = "{mfa}"
	codeNext = "{mfa:next}"
	keyOwn   = "{key}"
	// noDevice stands in for the code of who has no device: a stranger types
	// something too.
	noDevice = "123456"
)

// withCodes puts codes of the person's device in, and the public key of their shell. The next one does not take
// half a minute to come: all clocks move to where it begins, where they can.
func (h *hands) withCodes(ctx context.Context, p *person, text string) (string, error) {
	text = strings.ReplaceAll(text, keyOwn, p.Key.Public())
	if p.Device == nil {
		if strings.Contains(text, codeNow) || strings.Contains(text, codeNext) {
			h.note("%s has no MFA device, so the code is made up: %s", p.Name, noDevice)
		}
		return strings.NewReplacer(codeNow, noDevice, codeNext, noDevice).Replace(text), nil
	}
	if strings.Contains(text, codeNext) {
		d := p.Device.NextIn()
		switch err := h.scene.Advance(d); {
		case errors.Is(err, world.ErrRealTime):
			h.note("time is real here: %s waits for the next code, which comes in %s", p.Name, seconds(d))
			if err := h.scene.sleep(ctx, d); err != nil {
				return "", err
			}
		case err != nil:
			return "", err
		}
		code := p.Device.Code()
		h.note("%s waits %s for the next code; the device shows %s", p.Name, seconds(d), code)
		text = strings.ReplaceAll(text, codeNext, code)
	}
	if strings.Contains(text, codeNow) {
		code := p.Device.Code()
		h.note("%s's device shows %s", p.Name, code)
		text = strings.ReplaceAll(text, codeNow, code)
	}
	return text, nil
}

// codes are what all devices show now.
func (w *scene) codes() string {
	var out strings.Builder
	for _, p := range w.people {
		if p.Device == nil {
			fmt.Fprintf(&out, "%s has no device\n", p.Name)
			continue
		}
		fmt.Fprintf(&out, "%s's device shows %s for another %s\n", p.Name, p.Device.Code(), seconds(p.Device.NextIn()))
	}
	return out.String()
}

// waitReally returns when d has passed.
func waitReally(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// seconds is d in whole seconds, never less than it is.
func seconds(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }
