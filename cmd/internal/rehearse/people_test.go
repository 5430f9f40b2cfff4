package rehearse

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/cmd/internal/config"
)

func TestAWordNamesOnePersonOrNobody(t *testing.T) {
	c, err := config.Parse("c", []byte(`slack: {workspaces: [T0123], audit_channel: C0AUDIT}
users:
  - {slack: U01CAROL, name: carol, session_name: alice, mfa_serial: GAHT00000001, credentials: {env: CAROL}}
  - {slack: U02ALICE, name: alice, session_name: al, mfa_serial: GAHT00000002, credentials: {env: ALICE}}
  - {slack: U03DAVE, name: UDAVE, mfa_serial: GAHT00000003, credentials: {env: DAVE}}
  - {slack: U04ERIN, name: U01CAROL, session_name: erin, mfa_serial: GAHT00000004, credentials: {env: ERIN}}
accounts:
  - {name: prod, role_arn: 'arn:aws:iam::222222222222:role/OnCall', allow: [U02ALICE]}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ word, want string }{
		{"alice", `"alice" is U01CAROL and U02ALICE in the config: write the ID`},
		{"@Alice", `"Alice" is U01CAROL and U02ALICE in the config: write the ID`},
		{"al", "U02ALICE"},
		{"carol", "U01CAROL"},
		{"U02ALICE", "U02ALICE"},
		{"UDAVE", "U03DAVE"},
		{"U01CAROL", "U01CAROL"}, // whose ID it is, not who is called so
		{"U09GUEST", "U09GUEST"},
	} {
		got, err := Person(&c.Broker, test.word)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: got %s, want %s", test.word, got, test.want)
		}
	}
}
