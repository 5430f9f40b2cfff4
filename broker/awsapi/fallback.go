package awsapi

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/watch"
)

// Where AWS does not answer in one region, a second one may be asked. These hold:
//
//   - What carries a code goes to one region alone: the code may be spent there.
//   - A refusal is an answer, and stands. That of the second region does not: it may be of
//     that region alone, which is not enabled or which a policy does not allow, so the
//     failure of the first is told.
//   - A call that was written may have issued credentials, of which nobody knows then. The
//     same goes for whoever sends it again after "nobody knows". The second call issues
//     others; the record names both regions, and the person reads it.
//   - Both end in time for who waits: the first has half of what is left at most.
//
// MFA sessions are good in every region, since those of regional endpoints are.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html

// firstShare is what the first region has at most.
const firstShare = 5 * time.Second

// FallingBack has c ask region where that of [New] does not answer; "" is none. It is for
// before c is used.
func (c *Client) FallingBack(region string) *Client {
	c.second = region
	c.connect()
	return c
}

// first bounds a call that a second region may follow.
func (c *Client) first(ctx context.Context) (context.Context, context.CancelFunc) {
	share := c.share
	if end, ok := ctx.Deadline(); ok {
		share = min(share, time.Until(end)/2)
	}
	return context.WithTimeout(ctx, share)
}

// A fate is what became of a call in one region.
type fate struct {
	failed *broker.Error // nil: AWS served it
	silent bool          // AWS did not answer, so that another region may be asked
	done   bool          // AWS may have done it all the same
}

// fateOf is that of a call that ended in err, of which a person is told failed.
func fateOf(ctx context.Context, err error, s *sending, failed *broker.Error) fate {
	f := fate{failed: failed}
	if errors.Is(err, context.Canceled) {
		return f
	}
	switch s.arrivalOf(ctx, err, codeOf(err)) {
	case arrivedNowhere:
		f.silent = true
	case misdirected: // a name that nobody knows may be one that is lost
		f.silent = s.handed.Load()
	case serverFailed:
		f.silent, f.done = codeOf(err) != slowDown, true
	case lost:
		f.silent, f.done = true, true
	case malformed, refusedOnWay, refusedByAWS:
	}
	return f
}

// rested is the fate of a call to an endpoint that rests.
func rested(e *broker.Error) fate { return fate{failed: e, silent: true} }

// fellBack tells those who watch.
func (c *Client) fellBack(operation string, f fate) {
	if c.watch == nil {
		return
	}
	result := watch.OK
	switch {
	case f.failed != nil && f.silent:
		result = watch.Lost
	case f.failed != nil:
		result = watch.Declined
	}
	c.watch.FellBack(operation, result)
}

// unserved is what a person is told when no region served a call that issues.
func (c *Client) unserved(first, second fate) *broker.Error {
	switch {
	case second.done && !first.done:
		return second.failed
	case second.done:
		first.failed.Facts.AlsoRegion = c.second
	}
	return first.failed
}

// noteOn says of what the second region issued that the first may have issued some too.
func (c *Client) noteOn(answer broker.STSAnswer, first fate) broker.STSAnswer {
	if first.done {
		answer.Unanswered = c.config.Region
		answer.Note = prose.Say(", in " + c.second + ", since AWS STS in " + c.config.Region +
			" did not answer; if that issued credentials too, nobody has them")
	}
	return answer
}

// assumeRevoker assumes the revoker of an account, in whichever region answers.
func (c *Client) assumeRevoker(ctx context.Context, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	if c.fallback == nil {
		return c.sts.AssumeRole(ctx, in)
	}
	trying, cancel := c.first(ctx)
	defer cancel()
	trying, sent := withSending(trying)
	out, err := c.sts.AssumeRole(trying, in)
	if err == nil || ctx.Err() != nil || !fateOf(trying, err, sent, nil).silent {
		return out, err
	}
	ctx, sent = withSending(ctx)
	other, failed := c.fallback.AssumeRole(ctx, in)
	if failed != nil {
		c.fellBack(string(broker.MethodAssumeRole), fateOf(ctx, failed, sent, &broker.Error{}))
		return nil, err
	}
	c.fellBack(string(broker.MethodAssumeRole), fate{})
	return other, nil
}

// identify asks one region whose a key is; from is where it was read from.
func (c *Client) identify(ctx context.Context, at *sts.Client, op operation, by func(*sts.Options), from policy.KeySource) (broker.Identity, fate) {
	asking, resting := c.ask(c.breaker(stsName, op.region), "", "")
	if resting != nil {
		return broker.Identity{}, rested(resting)
	}
	if c.fallback != nil && at == c.sts {
		var cancel context.CancelFunc
		ctx, cancel = c.first(ctx)
		defer cancel()
	}
	ctx, sent := withSending(ctx)
	out, err := at.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, by)
	c.noted(ctx, asking, err, sent)
	if err != nil {
		e := op.failure(ctx, err, sent)
		if e.Code == broker.CodeKeyInvalid && at == c.sts {
			c.forgetKey(from)
		}
		return broker.Identity{}, fateOf(ctx, err, sent, e)
	}
	return identityOf(out), fate{}
}
