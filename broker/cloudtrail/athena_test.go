package cloudtrail_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// names adds the members of a JSON object and of those in it, in lower case as Athena has them.
func names(of any, before string, into map[string]bool) {
	object, ok := of.(map[string]any)
	if !ok {
		return
	}
	for name, value := range object {
		path := before + name
		into[strings.ToLower(path)] = true
		names(value, path+".", into)
	}
}

// TestTheAthenaQueriesNameWhatIsThere: each column of the table is a field of a record, or one
// that AWS documents beside, and each that a query names is in a table.
func TestTheAthenaQueriesNameWhatIsThere(t *testing.T) {
	data, err := os.ReadFile("../../deploy/cloudtrail/athena.sql")
	if err != nil {
		t.Fatal(err)
	}
	sql := regexp.MustCompile(`(?m)^--.*$`).ReplaceAllString(string(data), "")
	ddl, queries, found := strings.Cut(sql, "SELECT")
	if !found {
		t.Fatal("no query")
	}
	var record any
	if err := json.Unmarshal([]byte(assumeRole), &record); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	names(record, "", known)
	// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
	for _, optional := range []string{"errorcode", "errormessage", "additionaleventdata", "sessioncontext", "invokedby"} {
		known[optional] = true
	}
	columns := []string{"day", "number", "leaf"}
	for _, m := range regexp.MustCompile(`(?m)^  ([a-z]+) (?:STRING|STRUCT)`).FindAllStringSubmatch(ddl, -1) {
		columns = append(columns, m[1])
		if !known[m[1]] && m[1] != "leaf" {
			t.Errorf("the column %s is no field of a record", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^    ([a-z]+): STRING`).FindAllStringSubmatch(ddl, -1) {
		if !known["useridentity."+m[1]] && !known[m[1]] {
			t.Errorf("useridentity.%s is no field of a record", m[1])
		}
	}
	if len(columns) < 15 {
		t.Fatalf("got the columns %q", columns)
	}
	named := regexp.MustCompile(`\b[cr]\.([a-z]+)|\b(useridentity|event[a-z]+|source[a-z]+|request[a-z]+|errorcode|useragent|day)\b`)
	for _, m := range named.FindAllStringSubmatch(queries, -1) {
		if name := m[1] + m[2]; !slices.Contains(columns, name) {
			t.Errorf("a query names %s, which no table has", name)
		}
	}
	for _, m := range regexp.MustCompile(`useridentity\.([a-z]+)`).FindAllStringSubmatch(queries, -1) {
		if !known["useridentity."+m[1]] {
			t.Errorf("a query names useridentity.%s", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`'\$\.(\w+)'`).FindAllStringSubmatch(queries, -1) {
		if !slices.Contains([]string{"roleArn", "request", "kind"}, m[1]) {
			t.Errorf("a query asks for $.%s", m[1])
		}
	}
}
