package slacktest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/slacktest"
)

func TestMessagesCallThoseWhomTheyNameWhereTheyAre(t *testing.T) {
	s, err := slacktest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	everybody := []string{"U01", "U02", "U03"}
	for i, name := range []string{"alice", "bob", "carol"} {
		s.AddUser(slacktest.User{ID: everybody[i], Name: name})
	}
	s.AddChannel(slacktest.Channel{ID: "C01", Name: "general", Members: everybody[:2]})
	s.SetUserGroup(slacktest.UserGroup{ID: "S01", Handle: "oncall", Members: []string{"U02", "U03"}})
	for _, test := range []struct{ text, want string }{
		{"hello", ""},
		{"@bob look", "U02"},
		{"@alice note to myself", ""},
		{"@carol is not here", ""},
		{"@here look", "U02"},
		{"@channel look", "U02"},
		{"@oncall look", "U02"},
		{"bob look", ""},
	} {
		if _, err := s.SendMessage("U01", "C01", test.text); err != nil {
			t.Fatal(err)
		}
		list := s.InChannel("C01")
		var got []string
		for _, id := range everybody {
			if s.Notifies(list[len(list)-1], id) {
				got = append(got, id)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%q calls %q, want %q", test.text, got, test.want)
		}
	}
	if !s.InConversation("U01", "C01") || s.InConversation("U03", "C01") || s.InConversation("U01", "C02") {
		t.Error("who is in a channel is not told right")
	}
	if got := s.GroupsOf("U03"); !slices.Equal(got, []string{"S01"}) || s.GroupsOf("U01") != nil {
		t.Errorf("carol is in %q, alice in %q", got, s.GroupsOf("U01"))
	}
}
