package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
)

// What stands in Redis has a schema: the number that a release has to know to read all of
// it. Each release reads every schema up to schemaRead and writes schemaWritten, which the
// release before it reads too (.github/CONTRIBUTING.md, Code).
//
// The highest that was ever written stands under one key, with MACs: whoever can write to
// Redis must not end the bot by a number, so that one without counts as none. A value that
// an earlier release would misread says besides which schema it takes, a sealed one in its
// first byte, one in clear by "v"; those that do not are of schema 1.
const (
	schemaRead    = 1
	schemaWritten = 1
	// schemasAhead is how far ahead one is taken for a release's: letters are not.
	schemasAhead = 30

	schemaKey = prefix + "schema"
)

// Schema keeps which schema what is kept has.
type Schema struct{ *core }

// newer is of what takes another schema than this release reads.
func newer(what string, found int) error {
	return fmt.Errorf("%s has schema %d, and this release of assumebot reads up to %d: %w", what, found, schemaRead, broker.ErrNewer)
}

// A versioned is read beside a value that is kept in clear.
type versioned struct {
	V int `json:"v"`
}

// decode reads text, as it stands under key, into value, which holds v. A newer value is an
// error first, since this release cannot say what is wrong with it.
func (v *versioned) decode(key string, text []byte, value any) error {
	err := json.Unmarshal(text, value)
	if v.V > schemaRead {
		return newer(key, v.V)
	}
	return err
}

// Look says whether a newer release has written what this one does not read: that is a
// [*SetupError], with [broker.ErrNewer] in its chain. One round trip, which others may share.
func (s Schema) Look(ctx context.Context) error {
	kept, err := askChore(ctx, s.core, func(ctx context.Context, p redis.Pipeliner) (answer[*redis.StringCmd], error) {
		kept := p.Get(ctx, schemaKey)
		return func() (*redis.StringCmd, error) { return kept, nil }, nil
	})
	if err == nil {
		_, err = s.judge(kept)
	}
	return err
}

// Enter notes the schema that this release writes, which comes before anything else is
// written, and fails as Look does. Two round trips at the first start of a release with
// another schema, and one later.
func (s Schema) Enter(ctx context.Context) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	for {
		get := s.first.Get(ctx, schemaKey)
		found, err := s.judge(get)
		if err != nil || found >= schemaWritten {
			return err
		}
		swapped, err := s.scripts.swapKnown.Run(ctx, s.first, []string{schemaKey}, get.Val(), s.signed(schemaWritten)).Bool()
		if err != nil {
			return fmt.Errorf("note the schema of what is kept: %w", err)
		}
		if swapped {
			return nil
		}
	}
}

// judge reads which schema is noted; 0 is none.
func (s Schema) judge(get *redis.StringCmd) (int, error) {
	text, err := get.Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return 0, fmt.Errorf("read the schema of what is kept: %w", err)
	}
	number, macs, _ := strings.Cut(text, " ")
	found, _ := strconv.Atoi(number) // nobody makes MACs of what is none
	if !LogKeys(s).Check(macs, schemaMessage(found)) {
		return 0, nil
	}
	if found > schemaRead {
		err := newer("what this Redis holds", found)
		return found, &SetupError{fmt.Errorf("%w; start the release that wrote it, or a later one (deploy/docs/operations.md#upgrade)", err)}
	}
	return found, nil
}

func (s Schema) signed(number int) string {
	return strconv.Itoa(number) + " " + LogKeys(s).MACs(schemaMessage(number))
}

// schemaMessage is what the MACs are over. Those of the record begin with a length.
func schemaMessage(number int) []byte { return fmt.Appendf(nil, "assumebot schema %d", number) }
