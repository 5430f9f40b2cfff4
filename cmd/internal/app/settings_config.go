package app

import (
	"errors"
	"fmt"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// CheckConfig says what of cfg does not go with the settings. Each is right by itself. It asks nobody, and keys may
// still be wrapped.
func (s Settings) CheckConfig(cfg config.Config) error {
	return errors.Join(s.checkPartition(cfg), s.checkRecord(cfg.Record), s.checkSealKeys(), s.checkWrapped(cfg.WrappedKeys))
}

// checkPartition says so when STS would be called in another partition than the
// one that cfg's ARNs are in, where every call would fail.
func (s Settings) checkPartition(cfg config.Config) error {
	region := policy.PartitionOfRegion(s.AWSRegion)
	elsewhere := func(what, p string) error {
		return fmt.Errorf("AWS_REGION is %s, in the partition %s, and %s is in %s: set AWS_REGION to a region of %[4]s", s.AWSRegion, region, what, p)
	}
	for a := range cfg.Broker.Accounts.All() {
		if p := a.RoleARN.Partition(); a.HasRole() && p != region {
			return elsewhere("the role of account "+a.Name, p)
		}
	}
	for u := range cfg.Broker.Users.All() {
		if p := policy.MFAPartition(u.MFASerial); p != "" && p != region {
			return elsewhere("the MFA device of "+u.Name, p)
		}
	}
	return nil
}

// checkRecord says so when the record would have two names, or when an embedded Redis,
// with which each start begins another record, shall keep one outside of it.
func (s Settings) checkRecord(r config.Record) error {
	origin, err := s.recordOrigin()
	if err != nil {
		return fmt.Errorf("ASSUMEBOT_RECORD_KEY: %w", err)
	}
	var problems []error
	fail := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	const again = "with REDIS_URL=" + Embedded + " each start begins another record"
	switch {
	case r.Origin == "" || r.Origin == origin:
	case s.EmbeddedRedis():
		fail("record.origin is %s, and with REDIS_URL=%s the record is called %s: remove record.origin", r.Origin, Embedded, origin)
	default:
		fail("record.origin is %s, and ASSUMEBOT_RECORD_KEY is of the record %s: set both to the same", r.Origin, origin)
	}
	if !s.EmbeddedRedis() {
		return errors.Join(problems...)
	}
	if r.Archive != "" {
		fail("record.archive is set, and " + again + ", which one archive cannot keep: remove record.archive")
	}
	if len(r.Witnesses) > 0 {
		fail("record.witnesses is set, and " + again + " with another key, which no witness knows: remove record.witnesses")
	}
	if r.Replicas > 0 {
		fail("record.replicas is %d, and REDIS_URL=%s has none: remove record.replicas", r.Replicas, Embedded)
	}
	return errors.Join(problems...)
}
