package awsapi

import (
	"slices"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/watch"
)

// A toldOf keeps what it is told of endpoints.
type toldOf struct {
	watch.Watcher
	told []string
}

func (r *toldOf) Called(string, watch.Result, time.Duration) {}

func (r *toldOf) Rests(service, region string, rests bool) {
	r.told = append(r.told, service+" "+region+map[bool]string{true: " rests", false: " answers"}[rests])
}

// TestWhatTakesAwayIsTriedWhileIAMRests, and what heals it is seen at once.
func TestWhatTakesAwayIsTriedWhileIAMRests(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	a, account, server := revokeServer(t)
	w := &toldOf{}
	a.Watched(w)
	heal := server.Inject(awstest.Fault{Action: "GetRolePolicy", Error: &awstest.FaultError{Status: 503, Code: "ServiceUnavailable"}})
	reads := func() (n int) {
		for _, c := range server.Calls() {
			if c.Action == "GetRolePolicy" {
				n++
			}
		}
		return n
	}
	for i := range 6 {
		if _, err := a.Deny(t.Context(), account, only([]string{"alice", "bob"}[i%2]), alone); err == nil {
			t.Fatal("got it denied, want an error")
		}
	}
	if got := reads(); got != 6 {
		t.Errorf("got %d reads, want each tried", got)
	}
	heal()
	if _, err := a.Deny(t.Context(), account, only("alice"), alone); err != nil {
		t.Errorf("healed: got %v, want it denied", err)
	}
	if want := []string{"IAM global rests", "IAM global answers"}; !slices.Equal(w.told, want) {
		t.Errorf("got %v, want %v", w.told, want)
	}
}

// TestAPolicyThatIsNotTheBotsIsNoSilenceOfIAM: somebody wrote it by hand.
func TestAPolicyThatIsNotTheBotsIsNoSilenceOfIAM(t *testing.T) {
	a, account, _ := revokeServer(t)
	w := &toldOf{}
	a.Watched(w)
	byHand(t, a, account)
	for i := range 8 {
		if _, err := a.Deny(t.Context(), account, only([]string{"alice", "bob"}[i%2]), alone); err == nil {
			t.Fatal("got it denied, want an error")
		}
	}
	if len(w.told) > 0 {
		t.Errorf("got %v, want that IAM does not rest", w.told)
	}
}
