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

// devices are the MFA devices that people have in their hands.
type devices struct{ world *world.World }

func (d devices) data(_ context.Context, v paneView) (any, error) {
	mine := v.Person.Device
	if mine == nil {
		return deviceView{}, nil
	}
	code, left := mine.Code(), mine.NextIn()
	return deviceView{
		Has: true, Code: code, Shown: code[:3] + " " + code[3:], Left: left.Milliseconds(), Seconds: int64(left.Seconds()) + 1,
		Used: d.spent(mine),
	}, nil
}

// spent reports whether AWS has accepted the code that a device shows.
func (d devices) spent(mine *awstest.Device) bool {
	code, calls := mine.Code(), d.world.AWS.Calls()
	return slices.ContainsFunc(calls[max(0, len(calls)-recentCalls):], func(c awstest.Call) bool {
		return c.ErrorCode == "" && c.Params.Get("SerialNumber") == mine.Serial() && c.Params.Get("TokenCode") == code
	})
}
