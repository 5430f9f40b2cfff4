package main

import (
	"strings"
	"time"
)

const (
	codeNow  = "{mfa}"
	codeNext = "{mfa:next}"
	// noDevice stands in for the code of who has no device: a stranger types
	// something too.
	noDevice = "123456"
)

// withCodes puts codes of the person's device in. The next one does not take
// half a minute to come: all clocks move to where it begins.
func (h *hands) withCodes(p *person, text string) (string, error) {
	if p.Device == nil {
		if strings.Contains(text, codeNow) || strings.Contains(text, codeNext) {
			h.note("%s has no MFA device, so the code is made up: %s", p.Name, noDevice)
		}
		return strings.NewReplacer(codeNow, noDevice, codeNext, noDevice).Replace(text), nil
	}
	if strings.Contains(text, codeNext) {
		d := p.Device.NextIn()
		if err := h.scene.Advance(d); err != nil {
			return "", err
		}
		code := p.Device.Code()
		h.note("%s waits %s for the next code; the device shows %s", p.Name, d.Round(time.Second), code)
		text = strings.ReplaceAll(text, codeNext, code)
	}
	if strings.Contains(text, codeNow) {
		code := p.Device.Code()
		h.note("%s's device shows %s", p.Name, code)
		text = strings.ReplaceAll(text, codeNow, code)
	}
	return text, nil
}
