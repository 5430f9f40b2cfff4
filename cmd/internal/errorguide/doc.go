// Package errorguide holds deploy/docs/errors.md to the codes and sentences that there
// are. It is tests alone: `go test ./cmd/internal/errorguide -update` writes the guide from
// the sentences in the source and from the causes in causes_test.go.
package errorguide
