package config

import "github.com/assumebot/assumebot/broker"

// readRevoker reads which role may deny sessions of the Account's role. IAM
// roles belong to one AWS account, so it must be of the same.
func (d *draft) readRevoker(s section, a *accountDraft) {
	v := s.text("revoker")
	if !v.ok {
		return
	}
	role, err := broker.ParseRoleARN(v.v)
	switch {
	case err != nil:
		d.problem(v.pos, "revoker %s: %v", Quote(v.v), err)
	case a.RoleARN == role:
		d.problem(v.pos, "revoker is the account's own role: it must be another one, which people cannot assume")
	case a.RoleARN != "" && (a.RoleARN.AccountID() != role.AccountID() || a.RoleARN.Partition() != role.Partition()):
		d.problem(v.pos, "revoker %s is not in the AWS account of role_arn, %s: a role's policies can be changed only there", Quote(v.v), a.RoleARN.AccountID())
	}
	a.Revoker = role
}
