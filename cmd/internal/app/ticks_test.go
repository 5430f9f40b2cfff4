package app

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestTicksAreNoLaterThanTheyWere: the config file is looked at as often as before, at the
// moments at which all else is done that is done every so often, and whoever is late is told once.
func TestTicksAreNoLaterThanTheyWere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(700 * time.Millisecond)
		began := time.Now()
		told, stop := ticks(t.Context(), pollEvery)
		for n := range 3 {
			at := <-told
			if late := at.Sub(began); late > pollEvery*time.Duration(n+1) || at.Nanosecond() != 0 {
				t.Errorf("got tick %d after %s, at %s", n, late, at)
			}
		}
		time.Sleep(5 * pollEvery)
		<-told
		select {
		case at := <-told:
			t.Errorf("got another at %s for what was missed", at)
		default:
		}
		stop()
		time.Sleep(2 * pollEvery)
		if len(told) != 0 {
			t.Error("got a tick after the end")
		}
	})
}
