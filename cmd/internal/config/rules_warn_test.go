package config

import (
	"strings"
	"testing"
)

func TestWarnsOfRulesThatMayNotBeMeant(t *testing.T) {
	const two = "users: [{slack: U01ALICE, name: alice, mfa_serial: 'GAHT00000001', credentials: {env: A}}, " +
		"{slack: U02BOB, name: bob, mfa_serial: 'GAHT00000002', credentials: {env: B}}]\n"
	for name, test := range map[string]struct{ accounts, want string }{
		"misspelt deny":       {"accounts: [{name: hub, allow: ['*'], deny: [U0ALLICE]}]\n", "deny names U0ALLICE, who is not one of users"},
		"everybody is denied": {"accounts: [{name: hub, allow: ['*'], deny: ['*']}]\n", "deny is for every user"},
		"break-glass for all": {"accounts: [{name: hub, allow: ['*'], break_glass: ['*'], approval: {approvers: [S02LEADS]}}]\n", "break_glass is for every user"},
		"the one approver":    {"accounts: [{name: hub, allow: [U02BOB], approval: {approvers: [U02BOB]}}]\n", "can never be had by bob"},
		"or loudly": {
			"accounts: [{name: hub, allow: [U02BOB], break_glass: [U02BOB], approval: {approvers: [U02BOB]}}]\n",
			"can never be had by bob (except by break-glass)",
		},
		"both must approve": {
			"accounts: [{name: hub, allow: [both], approval: {approvers: [U01ALICE, U02BOB], count: 2}}]\ngroups: {both: [U01ALICE, U02BOB]}\n",
			"can never be had by alice, bob",
		},
		"group that is unused": {"accounts: [{name: hub, allow: ['*']}]\ngroups: {idle: [U01ALICE]}\n", "group idle is named nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			warnings := mustParse(t, goodSlack+two+test.accounts, nil).Warnings
			if len(warnings) != 1 || !strings.Contains(warnings[0].Message, test.want) || warnings[0].Line == 0 {
				t.Errorf("got warnings %v, want one that says %q", warnings, test.want)
			}
		})
	}
	fine := mustParse(t, goodSlack+two+"accounts: [{name: hub, allow: ['*'], deny: [U02BOB, S09LEFT], approval: {approvers: [S02LEADS, U02BOB]}}]\n", nil)
	if len(fine.Warnings) > 0 {
		t.Errorf("got warnings %v of what is as it should be", fine.Warnings)
	}
}
