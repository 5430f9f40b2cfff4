package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

// A shape is how what a key holds must look, beyond its type: as JSON Schema says it,
// and in the words of the reference. It never refuses what the checks take. What
// takes more than a look, such as whether a group that is named exists, is theirs
// alone. Of a list it is the shape of each entry, of a map whose keys are a person's
// own that of each value, and of what may be one word that of the word.
type shape struct {
	schema object
	says   string
}

// shaped are structs of which not every set of keys is right.
type shaped interface{ shape() object }

// An object is one of JSON; its keys are written in the order of the alphabet.
type object = map[string]any

// words takes these alone.
func words(all ...string) shape {
	enum := make([]any, len(all))
	for i, w := range all {
		enum[i] = w
	}
	says := "`" + strings.Join(all, "`, `") + "`"
	if i := strings.LastIndex(says, ", "); i > 0 {
		says = says[:i] + " or " + says[i+2:]
	}
	return shape{object{"enum": enum}, says}
}

func between(least, most int) shape {
	return shape{object{"minimum": least, "maximum": most}, fmt.Sprintf("%d to %d", least, most)}
}

// lasting is for the reference alone: JSON Schema cannot compare durations.
func lasting(least, most time.Duration) shape {
	return shape{says: text.FormatDuration(least) + " to " + text.FormatDuration(most)}
}

func matching(pattern, says string) shape { return shape{object{"pattern": pattern}, says} }

// ids are Slack IDs of these kinds.
func ids(kinds ...idKind) shape {
	letters, says := "", make([]string, len(kinds))
	for i, k := range kinds {
		letters += k.letters
		says[i] = k.name + " (`" + strings.ReplaceAll(k.shape(), " or ", "` or `") + "`)"
	}
	return matching("^["+letters+"][A-Z0-9]{2,30}$", strings.Join(says, " or "))
}

// people are those whom a list names. Where all is true, "*" is everybody.
func people(all bool) shape {
	star, says := "", "users (`U…` or `W…`), user groups (`S…`) and groups of the file"
	if all {
		star, says = `|\*`, says+", or `\"*\"` for every user"
	}
	list := matching(`^([UWS][A-Z0-9]{2,30}|[a-z][a-z0-9._-]{0,62}`+star+`)$`, says)
	list.schema["not"] = object{"pattern": likeID.String()}
	return list
}

// nameOfGroup is none that reads like an ID.
func nameOfGroup() shape {
	return shape{object{"pattern": groupName.String(), "not": object{"pattern": likeID.String()}},
		"1 to 63 of a-z, 0-9, dot, dash and underscore, beginning with a letter"}
}

// keyPlace is where a key is kept, and not the key.
func keyPlace(pattern, says string) shape {
	return shape{object{"pattern": pattern, "not": object{"pattern": accessKeyID.String()}}, says}
}

// mfaSerial is an ARN, or a hardware serial, which does not begin like one.
func mfaSerial() shape {
	return shape{object{
		"pattern": policy.MFASerialPattern,
		"if":      object{"pattern": "^arn:"},
		"then":    object{"pattern": policy.MFAARNPattern},
	}, "ARN of a virtual device, or hardware serial of 9 to 256 characters"}
}

// notURL takes s3:// with a bucket, and no other scheme.
func notURL() shape {
	bucket, noScheme := object{"pattern": "^s3://[a-z0-9][a-z0-9.-]{2,62}(/|$)"}, object{"not": object{"pattern": anyScheme.String()}}
	return shape{object{"anyOf": []any{bucket, noScheme}}, "directory, or `s3://BUCKET/PREFIX`"}
}

// only takes this one value.
func only(v any, says string) shape { return shape{object{"const": v}, says} }

// anyText is what the walker takes for one line of text, but for white space around
// it that is not ASCII's.
const anyText = `^[^\x00-\x20\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f])?$`

// noDuration is zero, of what is anyDuration.
const noDuration = `^[^1-9]*$`

// anyDuration is what time.ParseDuration takes, less what is below zero.
const anyDuration = `^\+?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`
