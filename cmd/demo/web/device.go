package web

import (
	"context"
	"slices"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// A deviceView is what device.html gets.
type deviceView struct {
	Has     bool
	Code    string // as it is typed
	Shown   string // as a device shows it
	Left    int64  // milliseconds until the next one
	Seconds int64
	Used    bool // AWS has accepted it
}

// recentCalls are searched for one that used a code: it is shown for half a minute.
const recentCalls = 200

// device is the MFA device that a person has in their hand.
func device(w *world.World, p *world.Person) deviceView {
	if p.Device == nil {
		return deviceView{}
	}
	code, left := p.Device.Code(), p.Device.NextIn()
	calls := w.AWS.Calls()
	return deviceView{
		Has: true, Code: code, Shown: code[:3] + " " + code[3:], Left: left.Milliseconds(), Seconds: int64(left.Seconds()) + 1,
		Used: slices.ContainsFunc(calls[max(0, len(calls)-recentCalls):], func(c awstest.Call) bool {
			return c.ErrorCode == "" && c.Params.Get("SerialNumber") == p.Device.Serial() && c.Params.Get("TokenCode") == code
		}),
	}
}

func (s *Server) deviceData(_ context.Context, v paneView) (any, error) {
	return device(s.world, v.Person), nil
}
