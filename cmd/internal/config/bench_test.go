package config

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// manyOf is a config of so many users and accounts, as a large company has it: teams by
// groups of the file and of Slack, some accounts by approval, and a hub without a role.
func manyOf(users, accounts int) []byte {
	var b strings.Builder
	b.WriteString("slack: {workspaces: [T0123], audit_channel: C0AUDIT}\ngroups:\n")
	const teams = 50
	for t := range teams {
		fmt.Fprintf(&b, "  team%d: [", t)
		for u := t; u < users; u += teams {
			fmt.Fprintf(&b, "U%07d,", u)
		}
		b.WriteString("]\n")
	}
	b.WriteString("users:\n")
	for u := range users {
		fmt.Fprintf(&b, "  - slack: U%07d\n    name: person%d@example.com\n    mfa_serial: arn:aws:iam::111111111111:mfa/person%d\n", u, u, u)
		fmt.Fprintf(&b, "    credentials: {secret: assumebot/person%d}\n", u)
	}
	b.WriteString("accounts:\n  - {name: hub, outside_rules: accepted, allow: [team0]}\n")
	for a := range accounts {
		fmt.Fprintf(&b, "  - name: account-%d\n    role_arn: arn:aws:iam::%012d:role/OnCall\n", a, 222222222222+a)
		fmt.Fprintf(&b, "    region: eu-west-1\n    duration: {max: 4h}\n    allow: [team%d, S0%05d, U%07d]\n", a%teams, a%300, a%users)
		if a%10 == 0 {
			fmt.Fprintf(&b, "    deny: [S0LEAVING]\n    approval: {approvers: [S0LEADS]}\n")
		}
	}
	return []byte(b.String())
}

// BenchmarkParse reads configs of that many users and as many accounts; MB-kept is what
// stays of one.
func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1000, 2000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			data := manyOf(n, n)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			var before, after runtime.MemStats
			for b.Loop() {
				runtime.GC()
				runtime.ReadMemStats(&before)
				c, err := Parse("big.yaml", data, nil)
				if err != nil {
					b.Fatal(err)
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				runtime.KeepAlive(c)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB-kept")
			}
		})
	}
}
