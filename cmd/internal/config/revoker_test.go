package config

import "testing"

func TestParseConfigTakesARevokerOfTheSameAWSAccount(t *testing.T) {
	rest := goodSlack + goodUsers
	account := "accounts:\n  - name: prod\n    role_arn: arn:aws:iam::222222222222:role/OnCall\n    allow: [\"*\"]\n    revoker: "
	const revoker = "arn:aws:iam::222222222222:role/team/Revoker"
	if got := mustParse(t, rest+account+revoker+"\n", nil).Broker.Accounts.Find("prod").Revoker; got != revoker {
		t.Errorf("got %q, want %q", got, revoker)
	}
	runProblemTests(t, []problemTest{
		{"no ARN", rest + account + "Revoker\n", nil, []string{"7:14 not a role ARN"}},
		{"the role itself", rest + account + "arn:aws:iam::222222222222:role/OnCall\n", nil, []string{"7:14 revoker is the account's own role"}},
		{"elsewhere", rest + account + "arn:aws:iam::333333333333:role/Revoker\n", nil, []string{"7:14 is not in the AWS account of role_arn"}},
		{"no role", rest + "accounts:\n  - {name: hub, allow: [\"*\"], revoker: " + revoker + "}\n", nil, []string{"4:40 revoker needs role_arn"}},
	})
}
