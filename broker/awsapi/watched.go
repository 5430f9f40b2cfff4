package awsapi

import (
	"context"
	"errors"
	"time"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/assumebot/assumebot/broker/watch"
)

// Watched has c tell w of each call. It is for before c is used; nil is nobody: then calls are traced alone.
func (c *Client) Watched(w watch.Watcher) *Client {
	c.watch = w
	before := c.config.APIOptions
	c.config.APIOptions = append(before[:len(before):len(before)], func(s *middleware.Stack) error {
		return s.Initialize.Add(tells{w, s.ID()}, middleware.Before)
	})
	c.connect()
	return c
}

// tells tells those who watch of one call, with all its tries: the operation and how long it
// took. What was asked and answered stays here, and so do AWS's sentences: they can repeat
// a code.
type tells struct {
	watch     watch.Watcher // nil: only traces
	operation string
}

// ID implements [middleware.InitializeMiddleware].
func (tells) ID() string { return "assumebot/tells" }

// HandleInitialize implements [middleware.InitializeMiddleware].
func (t tells) HandleInitialize(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error) {
	began := time.Now()
	ctx, span := watch.Call(ctx, t.operation, watch.Fact{Key: watch.FactRPCSystem, Value: "aws-api"}, watch.Fact{Key: watch.FactRPCMethod, Value: t.operation})
	out, metadata, err := next.HandleInitialize(ctx, in)
	result := resultOf(err)
	if t.watch != nil {
		t.watch.Called(t.operation, result, time.Since(began))
	}
	span.End(result == watch.Lost, watch.WhyNot(result))
	return out, metadata, err
}

// resultOf is what became of a call.
func resultOf(err error) watch.Result {
	var declined smithy.APIError
	switch {
	case err == nil:
		return watch.OK
	case errors.As(err, &declined):
		return watch.Declined
	}
	return watch.Lost
}
