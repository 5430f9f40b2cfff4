package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"

	"github.com/assumebot/assumebot/broker/enrol"
	"github.com/assumebot/assumebot/broker/secret"
)

func deskOf(columns int, typed ...string) (*desk, *strings.Builder) {
	lines, out := make(chan string, len(typed)), &strings.Builder{}
	for _, line := range typed {
		lines <- line
	}
	close(lines)
	return &desk{lines: lines, out: out, columns: columns, qr: true, account: "111111111111"}, out
}

var aDevice = enrol.Device{Serial: "arn:aws:iam::111111111111:mfa/assumebot/alice", Seed: secret.New(strings.Repeat("ABCDEFG2", 8))}

// TestAQRCodeIsDrawnAsItIs reads the modules back from what is printed.
func TestAQRCodeIsDrawnAsItIs(t *testing.T) {
	code, err := qrcode.New("otpauth://totp/assumebot:alice", qrcode.Low)
	if err != nil {
		t.Fatal(err)
	}
	want := code.Bitmap()
	lines := strings.Split(strings.TrimSpace(blocks(want)), "\n")
	for y, row := range want {
		line := strings.TrimSuffix(strings.TrimPrefix(lines[y/2], "\x1b[38;5;16;48;5;231m"), "\x1b[0m")
		drawn := []rune(line)
		for x, dark := range row {
			half := map[rune][2]bool{'█': {true, true}, '▀': {true, false}, '▄': {false, true}, ' ': {}}[drawn[x]]
			if half[y%2] != dark {
				t.Fatalf("module %d, %d: got %v, want %v", x, y, half[y%2], dark)
			}
		}
	}
}

func TestADeviceIsShownAsACodeOnlyWhereItFits(t *testing.T) {
	wide, out := deskOf(80)
	if err := wide.Show(aDevice); err != nil || !strings.Contains(out.String(), "▀") || strings.Contains(out.String(), "ABCD") {
		t.Errorf("80 columns: got %v, %q, want the QR code alone", err, out)
	}
	for _, line := range strings.Split(out.String(), "\n") {
		if n := len([]rune(line)); strings.Contains(line, "▀") && n > 80+len("\x1b[38;5;16;48;5;231m\x1b[0m") {
			t.Errorf("got a line of %d, want 80 at most", n)
		}
	}
	narrow, out := deskOf(40)
	if err := narrow.Show(aDevice); err != nil || strings.Contains(out.String(), "▀") || !strings.Contains(out.String(), "ABCD EFG2 ABCD") {
		t.Errorf("40 columns: got %v, %q, want it as text", err, out)
	}
}

func TestCodesAreAskedForUntilThereAreTwo(t *testing.T) {
	d, out := deskOf(80, "hello", "123 456", "123456", " 654321 ")
	first, second, err := d.Codes(t.Context(), false)
	if first != "123456" || second != "654321" || err != nil || !strings.Contains(out.String(), "the same one") {
		t.Errorf("got %q, %q, %v: %s", first, second, err, out)
	}
	if _, _, err := d.Codes(t.Context(), true); err == nil {
		t.Error("got codes from nobody")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("Ctrl-C"))
	waiting := &desk{lines: make(chan string), out: out}
	if _, _, err := waiting.Codes(ctx, false); err == nil || err.Error() != "stopped" {
		t.Errorf("got %v, want that it stopped", err)
	}
}
