package reconcile_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/cloudtrail"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/reconcile"
)

// records writes a log file of n events: calls with Grants, of other people, and of a thief who
// does something else each time.
func records(w io.Writer, n, grants int) error {
	if _, err := io.WriteString(w, `{"Records":[`); err != nil {
		return err
	}
	for i := range n {
		if i > 0 {
			_, _ = io.WriteString(w, ",") // the next write tells of an error
		}
		identity := `"type":"AssumedRole","arn":"arn:aws:sts::222222222222:assumed-role/Ci/x","accessKeyId":"ASIAOTHER"`
		source, call := "ec2.amazonaws.com", "DescribeInstances"
		switch i % 4 {
		case 0:
			identity = fmt.Sprintf(`"type":"AssumedRole","accessKeyId":"ASIAg%d"`, i/4%grants)
			source = fmt.Sprintf("service%d.amazonaws.com", i/4%40)
		case 1:
			identity, source, call = `"type":"IAMUser","arn":"`+aliceARN+`","accessKeyId":"`+aliceKey+`"`, "sts.amazonaws.com", "AssumeRole"
		}
		_, err := fmt.Fprintf(w, `{"eventVersion":"1.11","eventTime":%q,"eventSource":%q,"eventName":%q,"awsRegion":"eu-west-1","sourceIPAddress":"2001:db8::%x",`+
			`"userAgent":"aws-cli/2.9","requestID":"r%d","eventID":"e%[5]d","recipientAccountId":"222222222222","userIdentity":{%[6]s},`+
			`"requestParameters":{"roleArn":"arn:aws:iam::222222222222:role/r%[5]d","filler":"%0500[5]d"},"responseElements":null}`,
			noon.Add(time.Duration(i%86400)*time.Second).Format(time.RFC3339), source, call, i%65536, i, identity)
		if err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "]}")
	return err
}

// TestMemoryIsBoundedAtManyEvents: of a million with ASSUMEBOT_EVENTS=1000000.
func TestMemoryIsBoundedAtManyEvents(t *testing.T) {
	events := 20_000
	if n, err := strconv.Atoi(os.Getenv("ASSUMEBOT_EVENTS")); err == nil {
		events = n
	}
	const grants, most = 2000, 192 << 20
	w := newWorld(t)
	for i := range grants {
		act := event.Act{Attempt: fmt.Sprint(i), Account: "prod", RoleARN: onCall, Purpose: "show", Method: "AssumeRole"}
		w.note(noon, fmt.Sprint(i), event.GrantedData{Act: act, Issued: event.Issued{AccessKeyID: fmt.Sprintf("ASIAg%d", i), STSRequestID: fmt.Sprintf("q%d", i)}})
	}
	x, err := reconcile.Read(context.Background(), time.Time{}, &w.record)
	if err != nil {
		t.Fatal(err)
	}
	m := reconcile.NewMatch(x, w.users, w.window)
	in, out := io.Pipe()
	go func() {
		z, _ := gzip.NewWriterLevel(out, gzip.BestSpeed) // the level is right
		err := records(z, events, grants)
		_ = z.Close() // the pipe tells
		_ = out.CloseWithError(err)
	}()
	before, peak, n := heap(), uint64(0), 0
	err = cloudtrail.Read(in, func(e cloudtrail.Event) error {
		m.Take(e)
		if n++; n%(events/10) == 0 {
			peak = max(peak, heap())
		}
		return nil
	})
	if err != nil || n != events {
		t.Fatalf("got %d events, %v", n, err)
	}
	r := m.Report(1, true)
	alarms, _ := codes(r)
	if got := alarms[event.UnknownCall]; got != int64(events/4) || len(r.Alarms) > 4002 {
		t.Errorf("got %d calls in %d alarms", got, len(r.Alarms))
	}
	if peak > before+most {
		t.Errorf("got %d MB for %d events, want %d at most", (peak-before)>>20, events, most>>20)
	}
	t.Logf("%d events: %d MB", events, (max(peak, before)-before)>>20)
}

func heap() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}
