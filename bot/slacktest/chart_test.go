package slacktest

import (
	"fmt"
	"strings"
	"testing"
)

const aChart = `{"type":"data_visualization","title":"Grants","chart":{"type":"bar","series":[
	{"name":"Granted","data":[{"label":"prod","value":3},{"label":"hub","value":0}]},
	{"name":"Refused","data":[{"label":"prod","value":1},{"label":"hub","value":2.5}]}],
	"axis_config":{"categories":["prod","hub"],"y_label":"How many"}}}`

func TestChartsAreTakenWithinTheirLimits(t *testing.T) {
	if _, err := checkBlocks([]byte("["+aChart+","+aChart+"]"), surfaceMessage); err != nil {
		t.Errorf("got %v, want two charts taken", err)
	}
	long := strings.Repeat("x", 21)
	for name, change := range map[string][2]string{
		"a long title":        {`"title":"Grants"`, `"title":"` + strings.Repeat("x", 51) + `"`},
		"no title":            {`"title":"Grants",`, ``},
		"an unknown chart":    {`"type":"bar"`, `"type":"donut"`},
		"a long label":        {`hub`, long},
		"a label twice":       {`hub`, `prod`},
		"a missing point":     {`,{"label":"hub","value":0}`, ``},
		"two series alike":    {`"Refused"`, `"Granted"`},
		"a long axis":         {`How many`, strings.Repeat("x", 51)},
		"text as a value":     {`"value":3`, `"value":"3"`},
		"no categories":       {`"categories":["prod","hub"]`, `"categories":[]`},
		"another property":    {`"title"`, `"colour":"red","title"`},
		"a label that is not": {`["prod","hub"]`, `["prod","bub"]`},
	} {
		changed := strings.ReplaceAll(aChart, change[0], change[1])
		if changed == aChart {
			t.Fatalf("%s: nothing changed", name)
		}
		if _, err := checkBlocks([]byte("["+changed+"]"), surfaceMessage); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	if _, err := checkBlocks([]byte("["+aChart+","+aChart+","+aChart+"]"), surfaceMessage); err == nil {
		t.Error("three charts were taken")
	}
	if _, err := checkBlocks([]byte("["+aChart+"]"), surfaceModal); err == nil {
		t.Error("a chart was taken in a modal")
	}
	pie := `[{"type":"data_visualization","title":"t","chart":{"type":"pie","segments":[{"label":"a","value":%s}]}}]`
	if _, err := checkBlocks(fmt.Appendf(nil, pie, "1"), surfaceMessage); err != nil {
		t.Errorf("got %v, want the pie taken", err)
	}
	if _, err := checkBlocks(fmt.Appendf(nil, pie, "0"), surfaceMessage); err == nil {
		t.Error("an empty slice was taken")
	}
}

func TestAChartIsReadAsWhatItDraws(t *testing.T) {
	got := Message{Blocks: []byte("[" + aChart + "]")}.Plain()
	for _, want := range []string{"Grants", "bar chart  Granted  Refused", "prod             3        1", "hub              0      2.5"} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant %q", got, want)
		}
	}
}

func TestATableHoldsNoMoreThanSlackTakes(t *testing.T) {
	table := func(n int) []byte {
		cell := fmt.Sprintf(`[{"type":"raw_text","text":%q}]`, strings.Repeat("x", 1000))
		return []byte(`[{"type":"table","rows":[` + strings.Repeat(cell+",", n-1) + cell + `]}]`)
	}
	if _, err := checkBlocks(table(10), surfaceMessage); err != nil {
		t.Errorf("got %v of 10,000 characters", err)
	}
	if _, err := checkBlocks(table(11), surfaceMessage); err == nil {
		t.Error("a table of 11,000 characters was taken")
	}
}

func TestASlackThatDoesNotKnowABlockRefusesIt(t *testing.T) {
	_, err := checkBlocks([]byte("["+aChart+"]"), surfaceMessage, "data_visualization")
	if err == nil || !strings.Contains(err.Error(), "invalid_blocks") {
		t.Errorf("got %v, want invalid_blocks", err)
	}
}
