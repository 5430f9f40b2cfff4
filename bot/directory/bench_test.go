package directory

import (
	"fmt"
	"testing"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker"
)

// BenchmarkGroups is one Request's lookup of user groups, as it is kept in the process,
// and as it is once the process has to read the copy in the store anew.
func BenchmarkGroups(b *testing.B) {
	for _, size := range []int{0, 100_000} {
		h := newHall(b)
		ids := []string{"U01ALICE"}
		for i := range size {
			ids = append(ids, fmt.Sprintf("U%08d", i))
		}
		h.SetUserGroup(slacktest.UserGroup{ID: "S01", Handle: "oncall", Members: ids})
		d := h.dirs[0]
		wantMember(b, d, "U01ALICE", true)
		b.Run(fmt.Sprintf("kept/%d", size), func(b *testing.B) {
			for b.Loop() {
				if groups, err := d.Groups(b.Context()); err != nil || groups.Mixed("U01ALICE") || !groups.Has("S01", "U01ALICE") {
					b.Fatal(err)
				}
			}
		})
		news, err := d.news.current(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("read/%d", size), func(b *testing.B) {
			for b.Loop() {
				d.kept = nil
				if kept, err := d.load(b.Context(), news); err != nil || !kept.groups.Has("S01", "U01ALICE") {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStanding is one Request's lookup of a person beside others who are kept.
func BenchmarkStanding(b *testing.B) {
	h := newHall(b)
	p := h.people[0]
	news, err := p.news.current(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for i := range mostKept {
		p.keep(news, fmt.Sprintf("U%08d", i), keptStanding{standing: broker.Standing{Team: "T0123"}, asked: h.now(), left: standingAge})
	}
	for b.Loop() {
		if _, err := p.Standing(b.Context(), "U00000007"); err != nil {
			b.Fatal(err)
		}
	}
}
