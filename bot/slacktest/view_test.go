package slacktest_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// form is a modal with a menu that the app fills and a code.
func form(title string) string {
	return fmt.Sprintf(`{"type":"modal","callback_id":"form","title":{"type":"plain_text","text":%q},
	"submit":{"type":"plain_text","text":"Go"},"private_metadata":"m","blocks":[
	{"type":"input","block_id":"acct","label":{"type":"plain_text","text":"Account"},
	 "element":{"type":"external_select","action_id":"acct","min_query_length":1}},
	{"type":"input","block_id":"code","label":{"type":"plain_text","text":"Code"},
	 "element":{"type":"plain_text_input","action_id":"code"}}]}`, title)
}

// opened starts a server, and opens form by a command of alice's.
func opened(t *testing.T) (*slacktest.Server, *app, slacktest.View) {
	t.Helper()
	s := start(t)
	a := connect(t, s)
	d := command(t, s, "")
	a.ack(a.next(), nil)
	got := callMethod(t, s, "views.open", map[string]string{"trigger_id": d.TriggerID, "view": form("Assume")})
	if !got.OK {
		t.Fatalf("views.open: %+v", got)
	}
	return s, a, s.Views(alice)[0]
}

func TestTriggerOpensOneModalAndExpires(t *testing.T) {
	s := start(t)
	connect(t, s)
	now := time.Unix(1_800_000_000, 0)
	s.SetClock(func() time.Time { return now })
	first, second := command(t, s, "").TriggerID, command(t, s, "").TriggerID
	open := func(trigger string) string {
		return callMethod(t, s, "views.open", map[string]string{"trigger_id": trigger, "view": form("A")}).Error
	}
	for _, want := range []string{"", "exchanged_trigger_id"} {
		if got := open(first); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := open("nonsense"); got != "invalid_trigger_id" {
		t.Errorf("got %q, want invalid_trigger_id", got)
	}
	s.SetClock(func() time.Time { return now.Add(4 * time.Second) })
	if got := open(second); got != "expired_trigger_id" {
		t.Errorf("got %q, want expired_trigger_id", got)
	}
}

func TestViewShapeIsChecked(t *testing.T) {
	s, _, _ := opened(t)
	good := form("Assume")
	for name, bad := range map[string]string{
		"long title":    form(strings.Repeat("x", 25)),
		"no submit":     strings.Replace(good, `"submit"`, `"callback_id"`, 1),
		"long metadata": strings.Replace(good, `"m"`, `"`+strings.Repeat("x", 3001)+`"`, 1),
		"unknown field": strings.Replace(good, `"private_metadata"`, `"colour"`, 1),
		"home":          `{"type":"home","blocks":[]}`,
	} {
		got := callMethod(t, s, "views.update", map[string]string{"view_id": s.Views(alice)[0].ID, "view": bad})
		if got.Error != "invalid_arguments" || len(got.Metadata.Messages) == 0 {
			t.Errorf("%s: got %+v, want invalid_arguments with messages", name, got)
		}
	}
}

func TestStaleHashConflictsAndInputIsKept(t *testing.T) {
	s, _, v := opened(t)
	if err := s.Fill(alice, v.ID, "Code", "123"); err != nil {
		t.Fatal(err)
	}
	update := func(hash string) answer {
		return callMethod(t, s, "views.update", map[string]string{"view_id": v.ID, "hash": hash, "view": form("Again")})
	}
	if got := update(v.Hash); !got.OK {
		t.Fatalf("got %+v", got)
	}
	if got := update(v.Hash); got.Error != "hash_conflict" {
		t.Errorf("got %+v, want hash_conflict", got)
	}
	now := s.Views(alice)[0]
	if f, _ := now.Field("code"); now.Title != "Again" || f.Value != "123" {
		t.Errorf("got title %q and code %q, want Again and what was typed", now.Title, f.Value)
	}
}

func TestSubmissionShowsWhatTheAckSays(t *testing.T) {
	s, a, v := opened(t)
	var answering sync.WaitGroup
	answering.Go(func() {
		e := a.next()
		a.ack(e, map[string]any{"options": []any{map[string]any{"text": map[string]any{"type": "plain_text", "text": "Prod"}, "value": "prod"}}})
	})
	got, err := s.Suggest(testContext(t), alice, v.Ref(), "acct", "acct", "pr")
	answering.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]slacktest.Choice{{Text: "Prod", Value: "prod"}}, got); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
	if _, err := s.Submit(alice, v.ID, map[string]string{"Account": "prod"}); err == nil {
		t.Error("submitted without the required code")
	}
	submit := func(payload any) error {
		d, err := s.Submit(alice, v.ID, map[string]string{"Code": "1"})
		if err != nil {
			t.Fatal(err)
		}
		e := a.next()
		var cb slack.InteractionCallback
		decodeJSON(t, e.Payload, &cb)
		if got := cb.View.State.Values["acct"]["acct"].SelectedOption.Value; got != "prod" || cb.User.ID != alice {
			t.Errorf("got account %q of user %q", got, cb.User.ID)
		}
		a.ack(e, payload)
		return d.Wait(testContext(t))
	}
	if err := submit(map[string]any{"response_action": "errors", "errors": map[string]string{"nowhere": "x"}}); !errors.Is(err, slacktest.ErrInvalidAck) {
		t.Errorf("error on an unknown block: got %v, want ErrInvalidAck", err)
	}
	if err := submit(map[string]any{"response_action": "errors", "errors": map[string]string{"code": "six digits"}}); err != nil {
		t.Fatal(err)
	}
	if f, _ := s.Views(alice)[0].Field("Code"); f.Error != "six digits" {
		t.Errorf("got field %+v", f)
	}
	title := map[string]string{"type": "plain_text", "text": "Working"}
	working := map[string]any{"type": "modal", "title": title, "blocks": []any{map[string]any{"type": "divider"}}}
	if err := submit(map[string]any{"response_action": "update", "view": working}); err != nil {
		t.Fatal(err)
	}
	if got := s.Views(alice)[0].Plain(); got != "Working\n———" {
		t.Errorf("modal reads %q", got)
	}
}

func TestPressOnEphemeralMessageCarriesNoMessage(t *testing.T) {
	s := start(t)
	a := connect(t, s)
	api, ctx := client(s), testContext(t)
	row := slack.NewActionBlock("row", slack.NewButtonBlockElement("end", "grant-1", slack.NewTextBlockObject("plain_text", "End", false, false)))
	if _, err := api.PostEphemeralContext(ctx, general, alice, slack.MsgOptionBlocks(row)); err != nil {
		t.Fatal(err)
	}
	m := s.SeenBy(alice)[0]
	if _, err := s.Press(bob, m.Ref(), "row", "end"); err == nil {
		t.Error("bob pressed a button that he cannot see")
	}
	d, err := s.Press(alice, m.Ref(), "row", "end")
	if err != nil {
		t.Fatal(err)
	}
	e := a.next()
	a.ack(e, nil)
	var cb slack.InteractionCallback
	decodeJSON(t, e.Payload, &cb)
	act := cb.ActionCallback.BlockActions[0]
	if !cb.Container.IsEphemeral || cb.Message.Timestamp != "" || act.Value != "grant-1" || act.BlockID != "row" || cb.ResponseURL == "" {
		t.Errorf("got %s", e.Payload)
	}
	if status, _ := respond(t, d.ResponseURL, `{"replace_original":true,"text":"ended"}`); status != 200 {
		t.Errorf("replace: status %d", status)
	}
	if got := s.SeenBy(alice); len(got) != 1 || got[0].Plain() != "ended" {
		t.Errorf("alice sees %+v", got)
	}
	if status, _ := respond(t, d.ResponseURL, `{"delete_original":true}`); status != 200 || len(s.SeenBy(alice)) != 0 {
		t.Errorf("delete: status %d, alice sees %d messages", status, len(s.SeenBy(alice)))
	}
}

func TestGroupsAreListedAndTheirChangesTold(t *testing.T) {
	s := start(t)
	s.SetUserGroup(slacktest.UserGroup{ID: "S01", Handle: "oncall", Members: []string{alice}})
	s.SetUserGroup(slacktest.UserGroup{ID: "S02", Handle: "gone", Disabled: true})
	a := connect(t, s)
	groups, err := client(s).GetUserGroupsContext(testContext(t), slack.GetUserGroupsOptionIncludeUsers(true))
	if err != nil {
		t.Fatal(err)
	}
	if len(groups) != 1 || !cmp.Equal(groups[0].Users, []string{alice}) {
		t.Errorf("got %+v", groups)
	}
	s.SetUserGroup(slacktest.UserGroup{ID: "S01", Handle: "oncall", Members: []string{bob}})
	for _, want := range []string{"subteam_updated", "subteam_members_changed"} {
		var p struct {
			Event struct {
				Type  string
				Added []string `json:"added_users"`
			}
		}
		e := a.next()
		a.ack(e, nil)
		decodeJSON(t, e.Payload, &p)
		if p.Event.Type != want || want == "subteam_members_changed" && !cmp.Equal(p.Event.Added, []string{bob}) {
			t.Errorf("got %+v, want %s", p.Event, want)
		}
	}
}

func TestUsersInfoTellsStrangersAndGuests(t *testing.T) {
	s := start(t)
	s.AddUser(slacktest.User{ID: "U9", Team: "T9", Name: "eve", Stranger: true, Restricted: true, Deleted: true})
	u, err := client(s).GetUserInfoContext(testContext(t), "U9")
	if err != nil {
		t.Fatal(err)
	}
	if u.TeamID != "T9" || !u.IsStranger || !u.IsRestricted || !u.Deleted || u.IsBot {
		t.Errorf("got %+v", u)
	}
	u, err = client(s).GetUserInfoContext(testContext(t), alice)
	if err != nil || u.TZ != "Europe/Oslo" || u.TZOffset == 0 {
		t.Errorf("got zone %q %d, %v", u.TZ, u.TZOffset, err)
	}
}

func TestHomeIsPublishedToOnePerson(t *testing.T) {
	s := start(t)
	a := connect(t, s)
	if _, err := s.OpenHome(alice); err != nil {
		t.Fatal(err)
	}
	a.ack(a.next(), nil)
	home := `{"type":"home","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"hello"}}]}`
	if got := callMethod(t, s, "views.publish", map[string]string{"user_id": alice, "view": home}); !got.OK {
		t.Fatalf("got %+v", got)
	}
	if v, ok := s.Home(alice); !ok || v.Plain() != "hello" {
		t.Errorf("alice's Home reads %q", v.Plain())
	}
	if _, ok := s.Home(bob); ok {
		t.Error("bob has a Home")
	}
}
