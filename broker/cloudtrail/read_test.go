package cloudtrail_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/cloudtrail"
)

// assumeRole is a record with the fields that AWS documents for a call of AssumeRole.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
const assumeRole = `{
  "eventVersion": "1.08",
  "userIdentity": {
    "type": "IAMUser", "principalId": "AIDAQRSTUVWXYZEXAMPLE", "arn": "arn:aws:iam::111111111111:user/alice",
    "accountId": "111111111111", "accessKeyId": "AKIAALICE00000000000", "userName": "alice"
  },
  "eventTime": "2026-11-25T15:07:39Z", "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "awsRegion": "eu-west-1",
  "sourceIPAddress": "192.0.2.101", "userAgent": "aws-sdk-go-v2/1.39 app/assumebot",
  "requestParameters": {"roleArn": "arn:aws:iam::222222222222:role/OnCall", "roleSessionName": "alice", "durationSeconds": 3600},
  "responseElements": {
    "credentials": {"accessKeyId": "ASIAEXAMPLE000000000", "sessionToken": "<encoded session token blob>", "expiration": "Nov 25, 2026, 4:07:39 PM"},
    "assumedRoleUser": {"assumedRoleId": "AROAQRSTUVWXYZEXAMPLE:alice", "arn": "arn:aws:sts::222222222222:assumed-role/OnCall/alice"}
  },
  "resources": [{"ARN": "arn:aws:iam::222222222222:role/OnCall", "accountId": "222222222222", "type": "AWS::IAM::Role"}],
  "requestID": "4EXAMPLE-0e8d-11e4-96e4-e55c0EXAMPLE", "sharedEventID": "bEXAMPLE-efea-4a70-b951-19a88EXAMPLE",
  "eventID": "dEXAMPLE-ac7f-466c-a608-4ac8dEXAMPLE", "eventType": "AwsApiCall", "recipientAccountId": "111111111111",
  "readOnly": true, "managementEvent": true, "eventCategory": "Management", "tlsDetails": {"tlsVersion": "TLSv1.3"}
}`

func packed(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func read(in io.Reader) ([]cloudtrail.Event, error) {
	var all []cloudtrail.Event
	err := cloudtrail.Read(in, func(e cloudtrail.Event) error {
		all = append(all, e)
		return nil
	})
	return all, err
}

func TestReadsARecordAsAWSDocumentsIt(t *testing.T) {
	want := []cloudtrail.Event{{
		ID: "dEXAMPLE-ac7f-466c-a608-4ac8dEXAMPLE", RequestID: "4EXAMPLE-0e8d-11e4-96e4-e55c0EXAMPLE",
		Time: time.Date(2026, 11, 25, 15, 7, 39, 0, time.UTC), Source: "sts.amazonaws.com", Name: "AssumeRole", Region: "eu-west-1",
		Address: "192.0.2.101", Agent: "aws-sdk-go-v2/1.39 app/assumebot", Account: "111111111111",
		Identity: cloudtrail.Identity{
			Type: "IAMUser", PrincipalID: "AIDAQRSTUVWXYZEXAMPLE", ARN: "arn:aws:iam::111111111111:user/alice", AccountID: "111111111111",
			AccessKeyID: "AKIAALICE00000000000",
		},
		RoleARN: "arn:aws:iam::222222222222:role/OnCall", SessionName: "alice", IssuedKeyID: "ASIAEXAMPLE000000000",
	}}
	text := `{"Records":[` + assumeRole + `]}`
	for name, in := range map[string]io.Reader{"plain": strings.NewReader(text), "gzip": bytes.NewReader(packed(t, text))} {
		got, err := read(in)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: got %v, %s", name, err, cmp.Diff(want, got))
		}
	}
}

func TestReadsASessionAndWhatHasOtherForms(t *testing.T) {
	got, err := read(strings.NewReader(`{"more":[{}],"Records":[
		{"eventTime":"2026-11-25T15:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","sessionCredentialFromConsole":"true",
		 "userIdentity":{"type":"IAMUser","accessKeyId":"ASIA1","sessionContext":{"attributes":{"creationDate":"2026-11-25T14:00:00Z","mfaAuthenticated":"true"}}},
		 "requestParameters":{"roleArn":{"x":1}},"responseElements":null},
		{"eventTime":"2026-11-25T15:00:01Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRole",
		 "eventID":7,"userIdentity":"nobody","requestParameters":"HIDDEN","responseElements":[1]}
	]}`))
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	i := got[0].Identity
	if !i.FromConsole || i.AccessKeyID != "ASIA1" || !i.Created.Equal(time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)) || got[0].RoleARN != "" {
		t.Errorf("got %+v", got[0])
	}
	if got[1].ID != "" || got[1].Identity != (cloudtrail.Identity{}) || got[1].RoleARN != "" {
		t.Errorf("got %+v", got[1])
	}
}

func TestLongTextIsCut(t *testing.T) {
	long := strings.Repeat("é", cloudtrail.MaxText)
	got, err := read(strings.NewReader(`{"Records":[{"eventTime":"2026-11-25T15:00:00Z","eventSource":"x` + long + `","eventName":"y"}]}`))
	if err != nil || len(got) != 1 || len(got[0].Source) > cloudtrail.MaxText || !strings.HasPrefix(got[0].Source, "xé") {
		t.Errorf("got %d, %v", len(got), err)
	}
}

// spaces is as many blanks as one likes, which unpack from almost nothing.
type spaces struct{ left int64 }

func (s *spaces) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), s.left))
	for i := range n {
		p[i] = ' '
	}
	s.left -= int64(n)
	return n, nil
}

func TestWhatIsNoLogFileIsRefused(t *testing.T) {
	whole := packed(t, `{"Records":[`+assumeRole+`]}`)
	damaged := bytes.Clone(whole)
	damaged[len(damaged)-6] ^= 1
	const event = `{"eventTime":"2026-11-25T15:00:00Z","eventSource":"s","eventName":"n","x":`
	for name, test := range map[string]struct {
		in   io.Reader
		says string
	}{
		"nothing":       {strings.NewReader(""), "not JSON, or it is cut off"},
		"text":          {strings.NewReader("hello"), "not JSON, or it is cut off"},
		"a list":        {strings.NewReader("[]"), "no log file of CloudTrail"},
		"a number":      {strings.NewReader("7"), "no log file of CloudTrail"},
		"other JSON":    {strings.NewReader(`{"Events":[]}`), "no log file of CloudTrail"},
		"no list":       {strings.NewReader(`{"Records":{}}`), "no log file of CloudTrail"},
		"two lists":     {strings.NewReader(`{"Records":[],"Records":[]}`), "no log file of CloudTrail"},
		"cut":           {strings.NewReader(`{"Records":[`), "not JSON, or it is cut off"},
		"cut record":    {strings.NewReader(`{"Records":[` + assumeRole[:200]), "record 1: it is not JSON, or it is cut off"},
		"no event":      {strings.NewReader(`{"Records":[` + assumeRole + `,{"a":1}]}`), "record 2: it has no eventTime"},
		"no object":     {strings.NewReader(`{"Records":[1]}`), "record 1: it is not JSON"},
		"bad time":      {strings.NewReader(`{"Records":[{"eventTime":"now","eventSource":"s","eventName":"n"}]}`), "record 1: it has no eventTime"},
		"more after it": {strings.NewReader(`{"Records":[]}{"Records":[]}`), "after its Records"},
		"cut gzip":      {bytes.NewReader(whole[:len(whole)/2]), "not JSON, or it is cut off"},
		"cut sum":       {bytes.NewReader(whole[:len(whole)-4]), "after its Records"},
		"damaged gzip":  {bytes.NewReader(damaged), "after its Records: it cannot be unpacked"},
		"no gzip":       {bytes.NewReader([]byte{0x1f, 0x8b, 1, 2}), "it cannot be unpacked"},
		"deep":          {strings.NewReader(`{"Records":[` + event + strings.Repeat("[", 100_000)), "not JSON"},
		"deep beside":   {strings.NewReader(`{"x":` + strings.Repeat("[", 100_000)), "not JSON"},
		"long":          {io.MultiReader(strings.NewReader(`{"Records":[`+event+`"`), &spaces{1 << 40}), "a record of more than"},
		"long name":     {io.MultiReader(strings.NewReader(`{"`), &spaces{1 << 40}), "a record of more than"},
		"blanks":        {&spaces{1 << 40}, "a record of more than"},
		"blanks within": {io.MultiReader(strings.NewReader(`{"Records":[`), &spaces{1 << 40}), "a record of more than"},
		"blanks after":  {io.MultiReader(strings.NewReader(`{"Records":[]}`), &spaces{1 << 40}), "after its Records: a record of more than"},
	} {
		_, err := read(test.in)
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, want %q", name, err, test.says)
		}
	}
	if _, err := read(strings.NewReader(`{"awsAccountId":"1","digestEndTime":"2026-11-25T15:00:00Z","logFiles":[]}`)); !errors.Is(err, cloudtrail.ErrDigest) {
		t.Errorf("got %v of a digest", err)
	}
}

func TestAnErrorOfTheReaderEndsIt(t *testing.T) {
	stop := errors.New("stop")
	n := 0
	err := cloudtrail.Read(strings.NewReader(`{"Records":[`+assumeRole+`,`+assumeRole+`]}`), func(cloudtrail.Event) error {
		n++
		return stop
	})
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("got %v after %d", err, n)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"Records":[` + assumeRole + `]}`))
	f.Add(packed(f, `{"Records":[`+assumeRole+`]}`))
	f.Add([]byte(`{"digestEndTime":""}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		err := cloudtrail.Read(bytes.NewReader(data), func(e cloudtrail.Event) error {
			if n++; e.Time.IsZero() && e.Source == "" || len(e.Source) > cloudtrail.MaxText || len(e.Identity.ARN) > cloudtrail.MaxText {
				t.Errorf("got %+v", e)
			}
			return nil
		})
		if err == nil && !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) && !json.Valid(data) {
			t.Errorf("read what is not JSON")
		}
	})
}
