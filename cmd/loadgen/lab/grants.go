package lab

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/store"
)

// writers is how many Grants are written at once.
const writers = 64

// PutGrants puts n live Grants, of all Users alike, where the bot keeps them: to have
// them issued would take minutes. Redis does not wait for its disk meanwhile.
func (l *Lab) PutGrants(ctx context.Context, n int) (err error) {
	if l.Redis.Process != nil {
		if err := l.Redis.client.ConfigSet(ctx, "appendfsync", "no").Err(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, l.Redis.client.ConfigSet(ctx, "appendfsync", l.Options.Fsync).Err()) }()
	}
	s, err := store.Open(ctx, store.Options{URL: secret.New(l.Redis.URL), SealKeys: []secret.Text{secret.New(l.seal)}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	writing, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	now := time.Now()
	expires := now.Add(time.Hour)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := w; i < n && writing.Err() == nil; i += writers {
				_, err := s.Grants.SaveGrant(writing, broker.Grant{
					ID:          fmt.Sprintf("load-%06d", i),
					User:        fakeslack.UserID(i % l.Options.Users),
					Account:     AccountName(i % l.Options.Accounts),
					RoleARN:     policy.RoleARN(roleARN(i % l.Options.Accounts)),
					AccessKeyID: fmt.Sprintf("ASIALOADPUT%09d", i),
					Method:      broker.MethodAssumeRole,
					MFA:         true,
					Issued:      now,
					Expires:     expires,
				}, secret.Credentials{Expires: expires}, 0)
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return context.Cause(writing)
}
