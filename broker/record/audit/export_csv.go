package audit

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
)

// CSV writes the entries for a spreadsheet, one a row. It cannot be verified: JSONL can.
func (x Export) CSV(ctx context.Context, w io.Writer) error {
	out := csv.NewWriter(w)
	err := x.each(ctx, func(int64, int64) error {
		return out.Write(slices.Concat(csvOfAll, csvOfData, []string{"data"}))
	}, func(e entry.Entry) error {
		return out.Write(csvRow(e))
	})
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return err
}

// csvOfAll are the columns that every Event has something for, csvOfData those fields of
// its data that have one; all else is in the column data alone.
var (
	csvOfAll  = []string{"number", "time", "kind", "user", "name", "channel", "team", "request", "replica"}
	csvOfData = []string{
		"account", "role_arn", "purpose", "method", "mfa", "seconds", "expires", "access_key_id", "reason", "comment",
		"target.id", "target.name", "approval", "break_glass", "state", "code", "detail", "grant", "attempt",
	}
)

func csvRow(e entry.Entry) []string {
	row := make([]string, 0, len(csvOfAll)+len(csvOfData)+1)
	row = append(row, strconv.FormatInt(e.Number, 10))
	ev, err := event.Decode(e.Leaf, e.Aside)
	if err != nil {
		return append(row, "", "(cannot be read)")[:cap(row)]
	}
	row = append(row, event.At(ev.Time).Format("2006-01-02T15:04:05.000Z"), string(ev.Kind),
		ev.Actor.User, ev.Actor.Name, ev.Actor.Channel, ev.Actor.Team, ev.Request, ev.Replica)
	values := map[string]string{}
	if fields, err := Fields(e.Leaf, e.Aside); err == nil {
		for _, f := range fields {
			values[f.Name] = f.Value
		}
	}
	for _, name := range csvOfData {
		row = append(row, values[name])
	}
	var tells struct {
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(e.Leaf, &tells) == nil { // it was decoded
		row = append(row, string(tells.Data))
	}
	for i := range row {
		row[i] = defused(row[i])
	}
	return row
}

// defused keeps a spreadsheet from taking a text that somebody typed for a formula.
// https://owasp.org/www-community/attacks/CSV_Injection
func defused(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
