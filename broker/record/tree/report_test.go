package tree

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/assumebot/assumebot/broker/record/treetest"
)

const reportBody = "{\n  \"result\": \"passed\"\n}\n"

func reportOf(t *testing.T, s *Signer) []byte {
	t.Helper()
	raw, err := s.Report([]byte(reportBody))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAReportIsCheckedByThePublicKeyThatChecksTheRecord(t *testing.T) {
	s := newTestSigner(t)
	keys := publicKeys(t, s)
	var printed string
	for _, printed = range keys.log {
	}
	alone, err := NewPublicKeys([]string{printed}, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, by, err := alone.CheckReport(reportOf(t, s))
	if err != nil || string(body) != reportBody || len(by) != 1 || by[0] != printed {
		t.Errorf("got %q by %v, %v", body, by, err)
	}
}

func TestAReportOfAnOlderKeyIsCheckedByTheRing(t *testing.T) {
	older, _, err := NewKey(testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	newer, _, err := NewKey(testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	first, err := NewSigner(older)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := NewSigner(newer, older)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := publicKeys(t, ring).CheckReport(reportOf(t, first)); err != nil {
		t.Errorf("by the ring: %v", err)
	}
	if _, _, err := publicKeys(t, first).CheckReport(reportOf(t, ring)); err == nil {
		t.Error("what the newer key signed is right by the older alone")
	}
}

func TestAnythingButTheReportThatWasSignedIsRefused(t *testing.T) {
	s := newTestSigner(t)
	keys, right := publicKeys(t, s), reportOf(t, s)
	for name, raw := range map[string][]byte{
		"altered":          bytes.Replace(right, []byte("passed"), []byte("failed"), 1),
		"cut":              right[:len(right)-4],
		"nothing":          nil,
		"another's":        reportOf(t, newTestSigner(t)),
		"without its head": bytes.TrimPrefix(right, []byte(reportHead)),
		"no UTF-8":         bytes.Replace(right, []byte("passed"), []byte("pass\xff"), 1),
		"more after it":    append(bytes.Clone(right), "more\n"...),
		"huge":             append(bytes.Clone(right), bytes.Repeat([]byte("x"), MaxReport)...),
	} {
		if body, _, err := keys.CheckReport(raw); err == nil {
			t.Errorf("%s: got %q", name, body)
		}
	}
	if _, _, err := keys.CheckReport([]byte(UnsignedReport([]byte(reportBody)))); !errors.Is(err, ErrUnsignedReport) {
		t.Errorf("unsigned: got %v", err)
	}
	for _, body := range []string{"", "12\nabc\n", "{}", "{\n\"a\": \"\x01\"\n}\n"} {
		if raw, err := s.Report([]byte(body)); err == nil {
			t.Errorf("%q was signed: %s", body, raw)
		}
	}
}

// Signatures of notes cover their texts alone, so a thief would put one under another name.
func TestTheSignatureOfAReportIsThatOfNoCheckpointAndTheOtherWayRound(t *testing.T) {
	s := newTestSigner(t)
	keys, full := publicKeys(t, s), treetest.FullOf(t, 7)
	c := checkpointOf(t, s, full, 7)
	report := reportOf(t, s)
	for name, raw := range map[string][]byte{"as it is": report, "by the name of the log": renamed(t, report, s.key)} {
		if got, err := keys.CheckAny(raw); err == nil {
			t.Errorf("a report, %s, is the checkpoint %+v", name, got)
		}
		if got, err := keys.Check(raw, testOrigin); err == nil {
			t.Errorf("a report, %s, is the checkpoint %+v", name, got)
		}
	}
	for name, raw := range map[string][]byte{"as it is": c.Note, "by the name of reports": renamed(t, c.Note, s.reports)} {
		if got, _, err := keys.CheckReport(raw); err == nil {
			t.Errorf("a checkpoint, %s, is the report %s", name, got)
		}
	}
	// Of a log that somebody called as reports are headed nothing could be signed either.
	if err := CheckOrigin(strings.TrimSuffix(reportHead, "\n")); err == nil {
		t.Error("a record may be called as reports begin")
	}
}

// renamed is a note whose signature says that it is by another key.
func renamed(t *testing.T, raw []byte, by note.Signer) []byte {
	t.Helper()
	text, line, ok := strings.Cut(string(raw), "\n\n\u2014 ")
	parts := strings.Fields(line)
	if !ok || len(parts) != 2 {
		t.Fatalf("got %q, want a note with one signature", raw)
	}
	signed, err := note.Sign(&note.Note{Text: text + "\n"}, by)
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Fields(strings.SplitAfter(string(signed), "\n\n\u2014 ")[1])[1]
	// Four bytes of the key's hash, then the signature: the first of the one, the rest of the other.
	return fmt.Appendf(nil, "%s\n\n\u2014 %s %s\n", text, by.Name(), spliced(t, own, parts[1]))
}

// spliced has the key's hash of one signature and the bytes of another.
func spliced(t *testing.T, hash, signature string) string {
	t.Helper()
	one, err := base64.StdEncoding.DecodeString(hash)
	if err != nil {
		t.Fatal(err)
	}
	other, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(append(one[:4], other[4:]...))
}

func FuzzCheckReport(f *testing.F) {
	s := newTestSigner(f)
	raw, err := s.Report([]byte(reportBody))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(UnsignedReport([]byte(reportBody))))
	keys := publicKeys(f, s)
	f.Fuzz(func(t *testing.T, data []byte) {
		body, _, err := keys.CheckReport(data)
		if err == nil && string(body) != reportBody {
			t.Errorf("got %q, which nobody signed", body)
		}
	})
}

// FuzzReport holds that nothing but what was signed is right.
func FuzzReport(f *testing.F) {
	key, _, err := NewKey(testOrigin)
	if err != nil {
		f.Fatal(err)
	}
	s, err := NewSigner(key)
	if err != nil {
		f.Fatal(err)
	}
	keys, err := s.PublicKeys()
	if err != nil {
		f.Fatal(err)
	}
	right, err := s.Report([]byte(reportBody))
	if err != nil {
		f.Fatal(err)
	}
	// A key is new in each process, so what is fuzzed is what is done to a report.
	f.Add(0, 0, []byte(nil))
	f.Add(30, 6, []byte("failed"))
	f.Add(len(reportHead), 0, []byte("{\n}\n"))
	f.Add(len(right), 0, []byte("— another AAAAAAAA\n"))
	f.Add(0, len(right), []byte(UnsignedReport([]byte(reportBody))))
	f.Add(40, 1, []byte{0xff})
	f.Fuzz(func(t *testing.T, at, cut int, with []byte) {
		at = min(max(at, 0), len(right))
		cut = min(max(cut, 0), len(right)-at)
		raw := slices.Concat(right[:at], with, right[at+cut:])
		if body, _, err := keys.CheckReport(raw); err == nil && string(body) != reportBody {
			t.Errorf("got %q of\n%s", body, raw)
		}
	})
}
