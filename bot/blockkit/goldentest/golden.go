// Package goldentest compares messages and views with golden files: as a person
// reads them, and as Slack gets them. It is for tests alone; -update rewrites the
// files.
package goldentest

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/bot/webapi"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Now is when everything in a golden file is.
var Now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Reader is nine hours ahead, so that a time which is UTC in a golden file is one
// that Slack does not print in the reader's own.
var Reader = slacktest.Reader{Zone: time.FixedZone("JST", 9*60*60), Now: Now}

// AsRead is what a person sees, and what a click would show them.
func AsRead(tree slacktest.Piece) string { return tree.Text(slacktest.Layout{Detail: true}) }

// Messages compares each message with its golden file, after a Slack that enforces
// Slack's limits took it. None may ping, link or be markup.
func Messages(t *testing.T, all map[string]blockkit.Message) {
	t.Helper()
	server, err := slacktest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	server.AddChannel(slacktest.Channel{ID: "C0AUDIT", Name: "aws-audit", BotMember: true})
	web := webapi.New(slack.New(server.BotToken(), slack.OptionAPIURL(server.APIURL())), nil, server.APIURL())
	for name, m := range all {
		t.Run(name, func(t *testing.T) {
			if _, err := web.Post(t.Context(), "C0AUDIT", m); err != nil {
				t.Fatalf("Slack does not take it: %v", err)
			}
			posted := server.InChannel("C0AUDIT")
			got := posted[len(posted)-1]
			links := slices.DeleteFunc(got.Links(), func(link string) bool { // a button says what it opens
				return slices.ContainsFunc(got.Buttons(), func(b slacktest.Button) bool { return b.URL == link })
			})
			if pings := append(got.Pings(), links...); len(pings) > 0 {
				t.Errorf("it pings or links: %v", pings)
			}
			if got.Fallback() == "" || strings.ContainsAny(got.Text, "<>*`") {
				t.Errorf("got fallback %q, want a sentence without markup", got.Text)
			}
			Compare(t, name, Posted(got), m.Blocks)
		})
	}
}

// Posted is what a person is notified of, and sees.
func Posted(m slacktest.Message) string {
	return m.FallbackFor(Reader) + "\n----\n" + AsRead(m.Tree(Reader))
}

// atToday is a preposition before a date that needs none.
var atToday = regexp.MustCompile(`(?i)\b(at|on) (today|tomorrow|yesterday|[A-Z][a-z]{2} \d+, \d)`)

// Compare compares what a person reads, and what Slack gets of it, with the golden
// file of that name.
func Compare(t *testing.T, name, plain string, slackGets any) {
	t.Helper()
	if found := atToday.FindString(plain); found != "" {
		t.Errorf("got %q: a date brings its own words", found)
	}
	_, seen, notified := strings.Cut(plain, "\n----\n")
	if !notified { // a view has no notification
		seen = plain
	}
	if strings.Contains(seen, " UTC") {
		t.Errorf("got a time in UTC where Slack would show the reader's own:\n%s", seen)
	}
	data, err := json.MarshalIndent(slackGets, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got := plain + "\n----\n" + string(data) + "\n"
	path := filepath.Join("testdata", "messages", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: refresh with -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("golden (-want +got):\n%s", diff)
	}
}
