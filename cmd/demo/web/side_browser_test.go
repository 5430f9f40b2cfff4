package web

import (
	"testing"

	"github.com/assumebot/assumebot/cmd/demo/browsertest"
)

// wide shows two people and what stands beside them.
var wide = browsertest.Look{Width: 1600, Height: 1000}

func TestTourPutsCommandsIntoTheMessageBoxAndSendsNone(t *testing.T) {
	t.Parallel()
	b := visit(t)
	tab := browsertest.Open(t, wide)
	b.nextCode() // for half a minute
	tab.Go(b.URL())
	const box = "document.querySelector('#one [data-composer] textarea').value"
	tab.Click(`[data-tour] [data-insert]`)
	tab.Wait(box + `.match(/^\/assume prod \d{6} because INC-42$/)`)
	tab.Click(`[data-tour] [data-insert]`) // in place of what was there
	tab.Wait(box + `.match(/^\/assume prod \d{6} because INC-42$/)`)
	if sent := len(b.world.Slack.Messages()); sent != 0 {
		t.Fatalf("got %d messages, want none: the button sends nothing", sent)
	}
	tab.Keys("\r")
	tab.Wait(`document.querySelector('[data-tour-step="credentials"]').dataset.done === "true"`)
	tab.Wait(`document.querySelector('[data-tour-step="wrong-code"]').ariaCurrent === "step"`)
	tab.Sees("[data-source=aws][data-kind=AssumeRole]", "200 OK")
	tab.Wait(`document.querySelector("[data-device=alice]").innerText.includes("used")`)
	for _, trouble := range [][]string{tab.Faint(), tab.Unnamed(), tab.Overflowing("")} {
		if len(trouble) > 0 {
			t.Errorf("got %q", trouble)
		}
	}
}

func TestTourLeadsToWhoeverActs(t *testing.T) {
	t.Parallel()
	b := visit(t)
	tab := browsertest.Open(t, browsertest.Phone)
	tab.Go(b.URL() + "carol/general")
	tab.Click(`[data-tour] [data-insert]`)
	tab.Wait(`document.querySelector('#one[data-person=alice] [data-composer] textarea')?.value.startsWith("/assume prod ")`)
}

func TestShellAndDeviceWorkByKeyboardOnAPhoneInTheDark(t *testing.T) {
	t.Parallel()
	b := visit(t)
	tab := browsertest.Open(t, browsertest.Phone.InTheDark())
	tab.Go(b.URL())
	tab.TabTo("[data-device=alice]", 40)
	tab.Keys("\r")
	tab.Wait(`document.querySelector('#one [data-composer] textarea').value.match(/^\d{6}$/)`)
	tab.TabTo("#one-shell summary", 40)
	tab.Keys("\r")
	tab.TabTo("#one-shell textarea", 5)
	tab.Keys("help\r")
	tab.Sees("#one-shell .shell-out", "age-keygen -y")
	tab.Wait(`document.querySelector('#one-shell textarea').value === ""`)
	for _, trouble := range [][]string{tab.Faint(), tab.Unnamed(), tab.Overflowing("")} {
		if len(trouble) > 0 {
			t.Errorf("got %q", trouble)
		}
	}
}

func TestClockTicksAndMoves(t *testing.T) {
	t.Parallel()
	b := visit(t)
	tab := browsertest.Open(t, wide)
	tab.Go(b.URL())
	tab.Wait(`document.querySelector("[data-clock]").textContent.match(/^\d\d:\d\d:\d\d$/)`)
	tab.Press(".clock", "+1h")
	tab.Sees(".clock", "1h ahead")
}
