package broker_test

import (
	"context"
	"testing"

	"github.com/assumebot/assumebot/broker"
)

func (m *memory) Standing(_ context.Context, user string) (broker.Standing, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if user == m.nobodyKnows {
		return broker.Standing{}, errDown
	}
	if user == m.left {
		return broker.Standing{Team: "T0123", Deactivated: true}, m.peopleErr
	}
	if m.standing != nil {
		return *m.standing, m.peopleErr
	}
	return broker.Standing{Team: "T0123"}, m.peopleErr
}

func TestIssueRefusesWhoIsNoFullMember(t *testing.T) {
	for name, standing := range map[string]broker.Standing{
		"deactivated":     {Team: "T0123", Deactivated: true},
		"guest":           {Team: "T0123", Guest: true},
		"bot":             {Team: "T0123", Bot: true},
		"stranger":        {Team: "T0123", Stranger: true},
		"other workspace": {Team: "T0999"},
		"nothing known":   {},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.memory.standing = &standing
			_, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
			wantCode(t, err, broker.CodeNotAMember)
		})
	}
}

func TestIssueRefusesWhenSlackCannotSayWhoAPersonIs(t *testing.T) {
	b := newBench(t)
	b.memory.peopleErr = errDown
	_, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
	wantCode(t, err, broker.CodeDirectory)
}
