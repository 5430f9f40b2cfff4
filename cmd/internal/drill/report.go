package drill

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// What became of a step, of one of its checks, or of a drill.
const (
	Passed   = "passed"
	Failed   = "failed"
	NotTried = "not_tried"
)

// stopped is why a step was not tried of which nobody has said that it is to be left out.
const stopped = "the drill was stopped"

// A Report is what a drill did. It holds no secret.
type Report struct {
	Version  int       `json:"v"`
	Drill    string    `json:"drill"`
	Result   string    `json:"result"` // passed or failed
	Began    time.Time `json:"began"`
	Ended    time.Time `json:"ended"`
	Origin   string    `json:"origin"` // of the record
	Program  string    `json:"program"`
	Config   string    `json:"config_sha256"`
	RunBy    string    `json:"run_by"`
	User     string    `json:"user"`
	Admin    string    `json:"admin,omitempty"`
	Account  string    `json:"account"`
	Replica  string    `json:"replica"` // that wrote all entries of the drill
	Steps    []Step    `json:"steps"`
	Left     []string  `json:"not_undone,omitempty"`
	Unsigned string    `json:"unsigned,omitempty"` // why no key signs it

	// Proofs that the drill's first and last Events are on the record, with the checkpoint.
	BeganProof string `json:"began_proof,omitempty"`
	EndedProof string `json:"ended_proof,omitempty"`
}

// A Step is one thing that was rehearsed.
type Step struct {
	Name   string  `json:"name"`
	Result string  `json:"result"`
	Why    string  `json:"why,omitempty"` // it failed or was not tried
	TookMS int64   `json:"took_ms"`
	Checks []Check `json:"checks,omitempty"`
}

// A Check is one thing that had to hold.
type Check struct {
	Want   string `json:"want"`
	Got    string `json:"got"`
	Result string `json:"result"`
}

// Write signs r and writes it; without a signer it says in the report that it is unsigned.
func (r Report) Write(w io.Writer, by *tree.Signer) error {
	data, err := r.body()
	if err == nil { // once more: what was no UTF-8 has become some
		var as Report
		if err = json.Unmarshal(data, &as); err == nil {
			data, err = as.body()
		}
	}
	if err != nil {
		return err
	}
	text := []byte(tree.UnsignedReport(data))
	if by != nil {
		if text, err = by.Report(data); err != nil {
			return err
		}
	}
	_, err = w.Write(text)
	return err
}

// body is r as JSON, in the one form that [Read] takes.
func (r Report) body() ([]byte, error) {
	var out bytes.Buffer
	to := json.NewEncoder(&out)
	to.SetEscapeHTML(false)
	to.SetIndent("", "  ")
	err := to.Encode(r)
	return out.Bytes(), err
}

// parse reads a body that is, byte for byte, as this program writes it. So a key that stands twice,
// one in other letters or an unknown one is refused: whoever reads the same file by another parser
// must find the same in it.
func parse(body []byte) (r Report, err error) {
	in := json.NewDecoder(bytes.NewReader(body))
	in.DisallowUnknownFields()
	if err := in.Decode(&r); err != nil {
		var version struct {
			Version int `json:"v"`
		}
		if json.Unmarshal(body, &version) == nil && version.Version > 1 {
			return r, fmt.Errorf("a report of version %d: a newer release reads it", version.Version)
		}
		return r, fmt.Errorf("a report that was signed and cannot be read: %w", err)
	}
	if r.Version != 1 {
		return r, fmt.Errorf("a report of version %d: a newer release reads it", r.Version)
	}
	want, err := r.body()
	if err != nil {
		return r, fmt.Errorf("a report that was signed and cannot be read: %w", err)
	}
	if bytes.Equal(body, want) {
		return r, nil
	}
	line := 2 // below the head
	got, rest := bytes.SplitAfter(body, []byte("\n")), bytes.SplitAfter(want, []byte("\n"))
	for i := 0; i < len(got) && i < len(rest) && bytes.Equal(got[i], rest[i]); i++ {
		line++
	}
	return r, fmt.Errorf("a report that was signed, and is not as assumebot writes one from line %d on: "+
		"a key stands there twice, or in another form or place, or something comes after the end, so that others may read it otherwise", line)
}

// A Checked is a report that is right.
type Checked struct {
	Report
	Keys       []string // that signed it
	Body       []byte
	Began      int64 // number of the entry that it began with
	Last       int64 // and of the last
	Checkpoint tree.Checkpoint
}

// Read checks a report by public keys alone: its signature, that the Events of its begin and
// end are on the record, and that they tell of the same drill and the same results.
func Read(raw []byte, keys tree.PublicKeys) (Checked, error) {
	body, by, err := keys.CheckReport(raw)
	if err != nil {
		return Checked{}, err
	}
	c := Checked{Keys: by, Body: body}
	if c.Report, err = parse(body); err != nil {
		return c, err
	}
	if c.Unsigned != "" {
		return c, errors.New("a report that was signed, and says of itself that it is not")
	}
	began, first, err := c.proved(c.BeganProof, keys, event.DrillBegan)
	if err != nil {
		return c, fmt.Errorf("the begin of the drill: %w", err)
	}
	ended, last, err := c.proved(c.EndedProof, keys, event.DrillEnded)
	if err != nil {
		return c, fmt.Errorf("the end of the drill: %w", err)
	}
	if began.Account != ended.Account || began.Target != ended.Target || first.Number >= last.Number {
		return c, errors.New("its two entries of the record are not of one drill")
	}
	if !c.tells(began) || !c.tells(ended) || !slices.Equal(ended.Left, c.Left) {
		return c, errors.New("the record names other people, another Account or other things not undone than the report")
	}
	if len(ended.Steps) != len(c.Steps) {
		return c, errors.New("the record has other steps than the report")
	}
	for i, s := range ended.Steps {
		if s.Name != c.Steps[i].Name || s.Result != c.Steps[i].Result {
			return c, fmt.Errorf("the record says that the step %s %s, and the report that %s %s", s.Name, s.Result, c.Steps[i].Name, c.Steps[i].Result)
		}
	}
	if c.Result != resultOf(c.Steps, c.Left) {
		return c, errors.New("its result is not that of its steps")
	}
	c.Began, c.Last, c.Checkpoint = first.Number, last.Number, last.In
	return c, nil
}

// tells reports whether r names whom and what an Event about the drill names.
func (r Report) tells(e event.DrillData) bool {
	admin := ""
	if e.Admin != (event.Person{}) {
		admin = e.Admin.String()
	}
	return r.RunBy == e.RunBy && r.User == e.Target.String() && r.Admin == admin && r.Account == e.Account
}

func (r Report) proved(proof string, keys tree.PublicKeys, state string) (event.DrillData, tree.Proved, error) {
	p, err := keys.CheckProof([]byte(proof), nil, r.Origin)
	if err != nil {
		return event.DrillData{}, p, err
	}
	e, err := event.Decode(p.Leaf, nil)
	if err != nil {
		return event.DrillData{}, p, err
	}
	data, ok := e.Data.(event.DrillData)
	if !ok || data.Drill != r.Drill || data.State != state || e.Replica != r.Replica {
		return data, p, errors.New("the entry that is proved tells of something else")
	}
	return data, p, nil
}

// resultOf is passed where something was rehearsed, nothing failed, nothing is left, and nobody stopped it.
func resultOf(steps []Step, left []string) string {
	if len(left) > 0 {
		return Failed
	}
	passed := false
	for _, s := range steps {
		if s.Result == Failed || s.Why == stopped {
			return Failed
		}
		passed = passed || s.Result == Passed
	}
	if !passed {
		return Failed
	}
	return Passed
}

// Lines are r for people: a line for each step, and below one that did not pass what was seen.
func (r Report) Lines() []string {
	var out []string
	counts := map[string]int{}
	for _, s := range r.Steps {
		counts[s.Result]++
		out = append(out, s.line())
		if s.Result == Passed {
			continue
		}
		for _, c := range s.Checks {
			if c.Result != Passed {
				out = append(out, "             want: "+c.Want, "             got:  "+c.Got)
			}
		}
	}
	for _, l := range r.Left {
		out = append(out, "NOT UNDONE: "+l+". An admin has to do that now.")
	}
	return append(out, fmt.Sprintf("%s: %d passed, %d failed, %d not tried, in %s", r.Result, counts[Passed], counts[Failed], counts[NotTried],
		r.Ended.Sub(r.Began).Round(time.Second)))
}

func (s Step) line() string {
	text := fmt.Sprintf("%-9s  %-11s  %5.1f s", strings.ReplaceAll(s.Result, "_", " "), strings.ReplaceAll(s.Name, "_", " "), float64(s.TookMS)/1000)
	if s.Why != "" {
		text += "  " + s.Why
	}
	return text
}
