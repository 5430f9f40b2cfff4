package drill

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/record/tree"
)

// aReport is one in which each part has something.
func aReport() Report {
	at := time.Date(2026, 11, 27, 9, 0, 0, 120_000_000, time.UTC)
	return Report{
		Version: 1, Drill: "abc", Result: Failed, Began: at, Ended: at.Add(time.Minute), Origin: "bot.test/record", Program: "v1 <dev> & more",
		Config: "00", RunBy: "carol", User: "alice (U01ALICE)", Admin: "bob (U02BOB)", Account: "staging", Replica: "r",
		Steps: []Step{{Name: "pause", Result: Failed, Why: "“why” \u2028 \x01", TookMS: 7, Checks: []Check{{Want: "a", Got: "b", Result: Failed}}}},
		Left:  []string{"the pause"}, BeganProof: "a\nb\n", EndedProof: "c\n",
	}
}

func bodyOf(t testing.TB, r Report) []byte {
	t.Helper()
	body, err := r.body()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestASignedReportIsReadInTheFormAloneInWhichItIsWritten(t *testing.T) {
	t.Parallel()
	right := string(bodyOf(t, aReport()))
	if _, err := parse([]byte(right)); err != nil {
		t.Fatalf("as it was written: %v", err)
	}
	result := "  \"result\": \"failed\",\n"
	for name, c := range map[string]struct{ from, to, want string }{
		"a key twice":           {result, result + "  \"result\": \"passed\",\n", "from line 5 on: a key stands there twice"},
		"a key twice, deep":     {`"took_ms": 7,`, `"took_ms": 8, "took_ms": 7,`, "a key stands there twice"},
		"a key in other case":   {result, result + "  \"RESULT\": \"failed\",\n", "a key stands there twice"},
		"an unknown key":        {result, result + "  \"verdict\": \"passed\",\n", `unknown field "verdict"`},
		"a key in another form": {`"result": "failed"`, `"r\u0065sult": "failed"`, "another form"},
		"keys in another order": {`"v": 1,` + "\n" + `  "drill": "abc",`, `"drill": "abc",` + "\n" + `  "v": 1,`, "from line 3 on"},
		"more after the end":    {"\n}\n", "\n}\n{\n}\n", "something comes after the end"},
		"other space":           {`"v": 1`, `"v":  1`, "another form"},
		"a number of others":    {`"took_ms": 7`, `"took_ms": 7.0`, "cannot be read"},
		"no JSON":               {`"v": 1`, `"v": `, "cannot be read"},
		"a newer version":       {`"v": 1`, `"v": 2, "new": 1`, "of version 2: a newer release reads it"},
		"nested too deep":       {`"v": 1`, `"v": ` + strings.Repeat("[", 20_000), "cannot be read"},
	} {
		body := strings.Replace(right, c.from, c.to, 1)
		if _, err := parse([]byte(body)); body == right || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestWhatSomebodySaidInNoUTF8IsReportedAllTheSame(t *testing.T) {
	t.Parallel()
	r := aReport()
	r.Steps[0].Why = "\xff said Redis"
	key, _, err := tree.NewKey("bot.test/record")
	if err != nil {
		t.Fatal(err)
	}
	by, err := tree.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := r.Write(&out, by); err != nil {
		t.Fatal(err)
	}
	keys, err := by.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	body, _, err := keys.CheckReport(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parse(body); err != nil || got.Steps[0].Why != "\uFFFD said Redis" {
		t.Errorf("got %q, %v", got.Steps[0].Why, err)
	}
}

func TestAReportThatSaysThatItIsUnsignedIsNoneThoughItIsSigned(t *testing.T) {
	t.Parallel()
	r := aReport()
	r.Unsigned = "why"
	key, _, err := tree.NewKey("bot.test/record")
	if err != nil {
		t.Fatal(err)
	}
	by, err := tree.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := by.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := r.Write(&out, by); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(out.Bytes(), keys); err == nil || !strings.Contains(err.Error(), "says of itself that it is not") {
		t.Errorf("got %v", err)
	}
}

// FuzzParse holds that what is read has one meaning: no object in it has a key twice.
func FuzzParse(f *testing.F) {
	body := bodyOf(f, aReport())
	f.Add(body)
	f.Add(bodyOf(f, Report{Version: 1}))
	f.Add(bytes.Replace(body, []byte(`"took_ms": 7,`), []byte(`"took_ms": 8,`+"\n"+`      "took_ms": 7,`), 1))
	f.Add([]byte("{\n\"v\": 1, \"V\": 1\n}\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := parse(body); err != nil {
			return
		}
		in := json.NewDecoder(bytes.NewReader(body))
		if twice(t, in) {
			t.Errorf("a key is there twice:\n%s", body)
		}
		if _, err := in.Token(); err != io.EOF {
			t.Errorf("something comes after the end: %v\n%s", err, body)
		}
	})
}

// twice reads one value, and reports whether an object in it has two keys that differ in case at most.
func twice(t *testing.T, in *json.Decoder) (found bool) {
	t.Helper()
	token, err := in.Token()
	if err != nil {
		t.Fatal(err)
	}
	open, nested := token.(json.Delim)
	if !nested {
		return false
	}
	seen := map[string]bool{}
	for in.More() {
		if open == '{' {
			key, err := in.Token()
			if err != nil {
				t.Fatal(err)
			}
			name := strings.ToLower(key.(string))
			found, seen[name] = found || seen[name], true
		}
		found = twice(t, in) || found
	}
	if _, err := in.Token(); err != nil {
		t.Fatal(err)
	}
	return found
}
