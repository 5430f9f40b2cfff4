package message

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/history"
)

// pastOf is a page of n entries.
func pastOf(n int, f history.Filter, end history.End) (broker.Past, []PastRow) {
	p := broker.Past{Page: history.Page{End: end, Next: 4711, From: goldenTime.Add(-40 * time.Hour)}, Filter: f}
	if f.Person != "" {
		p.Name = "bob@example.com"
	}
	var rows []PastRow
	for i := range n {
		r := PastRow{
			Number: int64(4711 + n - 1 - i), At: goldenTime.Add(-time.Duration(i) * 7 * time.Hour), Who: "bob@example.com (U02BOB)", Account: "prod",
			Outcome: blockkit.Line("Granted for 1h, ASIAEXAMPLE000000000"), Reason: "INC-42 <!channel> *bold* <https://x.example|link> @here",
		}
		switch i % 4 {
		case 0:
			r.Used = &event.Usage{
				Calls: 14, Refused: 2, First: event.At(goldenTime.Add(-time.Hour)), Last: event.At(goldenTime),
				Services: []event.ServiceUsed{{Name: "s3.amazonaws.com", Calls: 12}, {Name: "ec2.amazonaws.com", Calls: 2}},
			}
		case 1:
			r.Outcome, r.Reason = blockkit.Line("Refused: They may not have prod. (ref abcdefgh)"), ""
		case 2:
			r.Outcome, r.Account, r.Reason = blockkit.Line("Locked out until ", blockkit.Moment(goldenTime.Add(time.Hour))), "", ""
		case 3:
			r = PastRow{Number: r.Number, Broken: true}
		}
		rows = append(rows, r)
	}
	return p, rows
}

func historyMessages() map[string]blockkit.Message {
	bob := command.Command{Verb: command.VerbHistory, Account: "prod", Target: "U02BOB", Past: command.Past{What: history.Refused, Since: 7 * 24 * time.Hour}}
	full, rows := pastOf(6, history.Filter{Person: "U02BOB", Account: "prod", What: history.Refused, Since: goldenTime.Add(-7 * 24 * time.Hour)}, history.Full)
	own, ownRows := pastOf(2, history.Filter{Person: "U02BOB", Own: true}, history.Begins)
	stopped, _ := pastOf(0, history.Filter{}, history.Stopped)
	gone, goneRows := pastOf(1, history.Filter{}, history.Gone)
	since, _ := pastOf(0, history.Filter{Own: true, Since: goldenTime.Add(-time.Hour)}, history.Since)
	everybody := command.Command{Verb: command.VerbHistory, Past: command.Past{Everybody: true}}
	mine := command.Command{Verb: command.VerbHistory}
	return map[string]blockkit.Message{
		"history":         History(full, bob, 5000, rows),
		"history_list":    *History(full, bob, 5000, rows).Simple,
		"history_own":     History(own, mine, 0, ownRows),
		"history_stopped": History(stopped, everybody, 0, nil),
		"history_gone":    History(gone, everybody, 0, goneRows),
		"history_since":   History(since, mine, 0, nil),
	}
}

// TestAPageOfHistoryIsCutWhereSlackTakesNoMore and goes on from there.
func TestAPageOfHistoryIsCutWhereSlackTakesNoMore(t *testing.T) {
	past, rows := pastOf(PastMost, history.Filter{}, history.Begins)
	for i := range rows {
		rows[i].Broken, rows[i].Outcome, rows[i].Reason = false, blockkit.Line(strings.Repeat("They may not. ", 50)), ""
	}
	m := History(past, command.Command{Verb: command.VerbHistory}, 0, rows)
	if !m.Fits() || m.Simple == nil || !m.Simple.Fits() {
		t.Fatal("Slack does not take it")
	}
	data, err := m.JSON()
	if err != nil {
		t.Fatal(err)
	}
	shown := strings.Count(string(data), "They may not. They may not.") / 25
	if shown < 3 || shown >= PastMost {
		t.Fatalf("got %d rows, want some", shown)
	}
	if want := fmt.Sprintf(`"value":"%d history"`, rows[shown-1].Number); !strings.Contains(string(data), want) {
		t.Errorf("got %s, want a button that goes on with %s", data, want)
	}
}
