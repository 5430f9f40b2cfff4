package auditchannel

import (
	"fmt"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/event"
)

// alarmAudit tells what the record noticed about itself, and what to do.
func alarmAudit(p event.AlarmData) blockkit.Message {
	what := fmt.Sprintf("The alarm is called %q.", p.Code) // that of a later release
	if say, known := alarms[p.Code]; known {
		what = say(p)
	}
	head := blockkit.Line(blockkit.Bold("Alarm of the record"), ": "+what)
	return blockkit.NewMessage("Alarm of the record: "+what, blockkit.Paragraph(head))
}

// alarms are the sentences about each, by its code.
var alarms = map[string]func(event.AlarmData) string{
	"witness_away": func(p event.AlarmData) string {
		return "The witness " + p.About + " does not cosign it. See whether it can be reached, and whether it knows the record's key."
	},
	"witness_back": func(p event.AlarmData) string { return "The witness " + p.About + " cosigns it again." },
	"rewound_or_forked": func(p event.AlarmData) string {
		return "REWOUND OR FORKED. The witness " + p.About + " has seen entries of it that are gone or were others. " +
			"Find out who could write to Redis, and run assumebot record verify."
	},
	"entries_put_back": func(p event.AlarmData) string {
		return "Redis had lost part of it: " + putBack(p.Entries) + " put back from what the bot remembered. " +
			"Find out why: a fail-over to a replica that was behind, a flush, or an old backup."
	},
	"checkpoint_put_back": func(event.AlarmData) string {
		return "Redis had lost the newest checkpoint; the bot has published it again. Find out why: a fail-over to a replica that was behind, or somebody."
	},
	"mark_forged": func(event.AlarmData) string {
		return "Somebody without the seal keys wrote to Redis that a replica has stopped. Nobody stopped for it. Find out who could write to Redis."
	},
	"tiles_made_anew": func(p event.AlarmData) string {
		return "Hashes that prove that " + entries(orNone(p.Entries)) + " in it were missing or wrong in Redis; " +
			"the bot has made them anew. Find out who could write to Redis."
	},
	"tiles_lost": func(p event.AlarmData) string {
		return "Hashes that prove that " + entries(orNone(p.Entries)) + " in it are lost, and Redis has let go of the entries. They cannot be proved any more; " +
			"all later ones can. Find out who could write to Redis, and keep an archive."
	},
	"archive_other": func(event.AlarmData) string {
		return "The archive has something else than it, and is not written any more. Run assumebot record verify on both."
	},
	"archive_missed": func(p event.AlarmData) string {
		return entries(orNone(p.Entries)) + " not in the archive: Redis had let go of them before they were archived."
	},
	"import_left": func(event.AlarmData) string {
		return "Entries of the old record are left in Redis and are not imported any more: somebody wrote to it for seven days, or one is longer than 1 MB. " +
			"Find out who, and see what they are: redis-cli XRANGE assumebot:record - +."
	},
	"sink_away": func(p event.AlarmData) string {
		return "The sink " + p.About + " has taken nothing for ten minutes. The bot's log says why. What it was not told is kept for a week."
	},
	"sink_back": func(p event.AlarmData) string { return "The sink " + p.About + " takes entries again." },
	"sink_refused": func(p event.AlarmData) string {
		return entries(orNone(p.Entries)) + " refused by the sink " + p.About + ", and not sent to it again. The bot's log has the number of each."
	},
	"sink_missed": func(p event.AlarmData) string {
		return entries(orNone(p.Entries)) + " gone from Redis before the sink " + p.About + " was told of them. An archive has them, where there is one."
	},
	"sink_ahead": func(p event.AlarmData) string {
		return fmt.Sprintf("The sink %s had been told more entries than the record has, if its position is right: Redis went back, or somebody changed it. "+
			"It goes on at the entry %d: see that it has those before.", p.About, orNone(p.Entries).First)
	},
	"archive_away": func(event.AlarmData) string {
		return "The archive does not follow, and the memory of Redis is half full. Mend the archive: when Redis is full, nothing is issued."
	},
}

func putBack(r *event.Range) string {
	if r == nil {
		return "entries were"
	}
	if r.Count == 1 {
		return fmt.Sprintf("the entry %d was", r.First)
	}
	return fmt.Sprintf("%d entries from %d on were", r.Count, r.First)
}

func orNone(r *event.Range) event.Range {
	if r == nil {
		return event.Range{}
	}
	return *r
}
