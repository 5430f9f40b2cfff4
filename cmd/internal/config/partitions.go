package config

import (
	"strings"

	"github.com/assumebot/assumebot/broker/policy"
)

// A partitioned is anything of the file that belongs to one AWS partition.
type partitioned struct {
	Position
	what, partition string
}

// checkPartitions reports what is outside the partition that most of the file
// is in. STS is called in one region, and credentials of one partition are
// nothing in another.
func (f *File) checkPartitions(c *collector) {
	var all []partitioned
	add := func(at Position, what, partition string) {
		if partition != "" {
			all = append(all, partitioned{at, what, partition})
		}
	}
	for u := range each(f.Users.Value) {
		add(u.MFASerial.Position, "mfa_serial", policy.MFAPartition(u.MFASerial.Value))
	}
	for a := range each(f.Accounts.Value) {
		add(a.RoleARN.Position, "role_arn", policy.RoleARN(a.RoleARN.Value).Partition())
		if r := a.Region; r.OK {
			add(r.Position, "region "+r.Value, policy.PartitionOfRegion(r.Value))
		}
		for _, p := range a.PolicyARNs.Value {
			if policy.CheckPolicyARN(p.Value) == nil {
				add(p.Position, "policy "+Quote(p.Value), strings.Split(p.Value, ":")[1])
			}
		}
	}
	count := map[string]int{}
	for _, p := range all {
		count[p.partition]++
	}
	most := ""
	for _, p := range all { // in the order of the file, so that a draw goes to the first
		if count[p.partition] > count[most] {
			most = p.partition
		}
	}
	for _, p := range all {
		if p.partition != most {
			c.problem(p.Position, "%s is in the partition %s, and most of this file in %s: credentials of one do not work in another; "+
				"correct it, or run a second assumebot for %s",
				p.what, p.partition, most, p.partition)
		}
	}
}
