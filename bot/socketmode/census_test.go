package socketmode

import (
	"testing"
	"time"
)

func TestCensusTellsGhostsFromStrangers(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	type step struct {
		does string
		at   time.Duration
		told int
	}
	for name, test := range map[string]struct {
		steps   []step
		want    int
		certain bool
	}{
		"alone": {steps: []step{{"hello", 0, 1}, {"hello", 1, 2}}},
		"a second socket on its way may be counted already": {
			steps: []step{{"dial", 0, 0}, {"hello", 0, 2}, {"greeted", 0, 2}},
		},
		"before the first hello it may be either": {steps: []step{{"hello", 0, 3}}, want: 2},
		"it stays so": {
			steps: []step{{"hello", 0, 3}, {"hello", 1, 4}, {"closed", time.Hour, 0}, {"hello", 2 * time.Hour, 4}}, want: 2,
		},
		"what came since is somebody": {
			steps: []step{{"hello", 0, 1}, {"hello", 1, 2}, {"closed", time.Hour, 0}, {"hello", 2 * time.Hour, 4}}, want: 2, certain: true,
		},
		"a closed socket is counted for a moment": {
			steps: []step{{"hello", 0, 1}, {"closed", time.Second, 0}, {"hello", 2 * time.Second, 2}},
		},
		"but no longer": {
			steps: []step{{"hello", 0, 1}, {"closed", time.Second, 0}, {"hello", 2 * time.Minute, 2}}, want: 1, certain: true,
		},
		"a dead one is counted for hours": {
			steps: []step{{"hello", 0, 1}, {"died", time.Second, 0}, {"hello", 4 * time.Hour, 2}},
		},
		"but not for days": {
			steps: []step{{"hello", 0, 1}, {"died", time.Second, 0}, {"hello", 7 * time.Hour, 2}}, want: 1, certain: true,
		},
		"a dead one that Slack forgot hides nobody": {
			steps: []step{{"hello", 0, 1}, {"died", 1, 0}, {"hello", time.Hour, 1}, {"closed", 2 * time.Hour, 0}, {"hello", 3 * time.Hour, 2}},
			want:  1, certain: true,
		},
		"a blip of ours does not hide somebody": {
			steps: []step{
				{"hello", 0, 1}, {"hello", 1, 4}, {"closed", time.Hour, 0}, {"closed", time.Hour, 0},
				{"dial", time.Hour, 0}, {"failed", time.Hour, 0}, {"hello", time.Hour + time.Second, 3},
			},
			want: 2, certain: true,
		},
		"somebody who leaves is forgotten": {
			steps: []step{{"hello", 0, 2}, {"closed", time.Hour, 0}, {"hello", 2 * time.Hour, 1}},
		},
		"a socket without a hello is counted for a moment": {
			steps: []step{{"dial", 0, 0}, {"failed", 1, 0}, {"hello", time.Second, 2}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCensus()
			for _, s := range test.steps {
				now := start.Add(s.at)
				switch s.does {
				case "dial":
					c.dial()
				case "hello":
					c.dial()
					c.hello(s.told, now)
				case "greeted":
					c.hello(s.told, now)
				case "failed":
					c.failed(now)
				default:
					c.ended(s.does == "closed", now)
				}
			}
			if n, certain := c.strangers(); n != test.want || certain != test.certain {
				t.Errorf("got %d strangers, certain %t, want %d, %t", n, certain, test.want, test.certain)
			}
		})
	}
}
