package watch

import "context"

type requestKey struct{}

// Of is ctx of what is done for the Request id, which the log then names.
func Of(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// Request is the ID of the Request that ctx is of; "" where it is of none.
func Request(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
