package store

import (
	"strconv"
	"strings"

	"github.com/assumebot/assumebot/broker/record/entry"
)

// The record is a stream. The entry of number n stands under the ID (n+1)-0, since
// Redis has no 0-0, with the fields after, root, id, leaf and macs. Its aside is in a
// hash of its own, so that it can be erased. The origin is set together with the first
// entries, and each writer's last batch stays for an hour. A replica that has stopped may
// leave a mark. All keys share one hash
// tag, so that one script reaches them on a cluster too.
//
// Nothing here is trusted: whoever can write to Redis may have put anything into any
// of these keys. What is read is cut to the size that it may have, and whoever reads it
// checks the MACs.
const recordTag = "{record}"

// logNames are the keys of one log.
type logNames struct{ entries, asides, origin, checkpoint, tiles, mark string }

// openLog names the keys of the log that is written to.
func openLog() logNames { return namesOf(prefix + recordTag) }

// closedLog names those of one that was closed: the first is 1.
func closedLog(number int) logNames {
	return namesOf(prefix + recordTag + ":closed:" + strconv.Itoa(number))
}

func namesOf(of string) logNames {
	return logNames{
		entries:    of + ":entries",
		asides:     of + ":asides",
		origin:     of + ":origin",
		checkpoint: of + ":checkpoint",
		tiles:      of + ":tiles",
		mark:       of + ":stopped",
	}
}

// The fields of an entry in the stream.
const (
	fieldAfter = "after"
	fieldRoot  = "root"
	fieldID    = "id"
	fieldLeaf  = "leaf"
	fieldMACs  = "macs"
)

// Log keeps the entries of the record.
type Log struct {
	*core
	names logNames
}

var _ entry.Store = Log{}

// logBatch names the key of a writer's last batch.
func logBatch(replica string) string { return prefix + recordTag + ":batch:" + replica }

// streamID is where the entry of number n stands.
func streamID(n int64) string { return strconv.FormatInt(n+1, 10) + "-0" }

// entryNumber reverses streamID; false for what stands where no entry can. The number
// is then that of the nearest entry, and within what an int64 and a float64 hold.
func entryNumber(id string) (int64, bool) {
	milliseconds, sequence, _ := strings.Cut(id, "-")
	n, err := strconv.ParseUint(milliseconds, 10, 64)
	if err != nil || n == 0 || n > maxNumber {
		return int64(min(max(n, 1), maxNumber)) - 1, false
	}
	return int64(n) - 1, sequence == "0"
}

// maxNumber is where a script's numbers end.
const maxNumber = 1 << 53

const (
	// maxDecimal bounds a number in digits.
	maxDecimal = 20
	// maxPlace bounds an ID of the stream.
	maxPlace = 2*maxDecimal + 1
)

// bounded is a text that Redis answered, cut to one byte more than it may have. What is
// cut is a copy, so that the rest does not stay in memory.
func bounded(value any, most int) string {
	text, _ := value.(string)
	if len(text) > most {
		return strings.Clone(text[:most+1])
	}
	return text
}
