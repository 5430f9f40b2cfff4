package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/skip2/go-qrcode"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/assumebot/assumebot/broker/enrol"
	"github.com/assumebot/assumebot/broker/text"
)

// A desk is the terminal at which the person sits whose device it is. It implements [enrol.Terminal]. What it shows is
// written to the terminal alone, and never to a file that output goes to.
type desk struct {
	lines   <-chan string // closed at the end of the input
	out     io.Writer
	columns int
	qr      bool
	account string // AWS account, for the label in the authenticator
	close   func()
}

// openDesk takes the terminal that the program is at. Where the system has no name for it (Windows), both stdin and
// stderr have to be one.
func openDesk(c *cobra.Command, caller string, qr bool) (*desk, error) {
	d := &desk{qr: qr, close: func() {}}
	if parts := strings.SplitN(caller, ":", 6); len(parts) == 6 {
		d.account = parts[4]
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err == nil {
		d.lines, d.out, d.close = linesOf(tty), tty, func() { _ = tty.Close() }
	} else {
		in, inOK := c.InOrStdin().(*os.File)
		out, outOK := c.ErrOrStderr().(*os.File)
		if !inOK || !outOK || !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) {
			return nil, errors.New("nothing was done: a terminal is needed, to show the MFA device and to ask for two codes of it")
		}
		d.lines, d.out, tty = linesOf(in), out, out
	}
	if d.columns, _, err = term.GetSize(int(tty.Fd())); err != nil {
		d.columns = 0
	}
	return d, nil
}

// Show implements [enrol.Terminal].
func (d *desk) Show(device enrol.Device) error {
	name := device.Serial[strings.LastIndexByte(device.Serial, '/')+1:]
	seed := device.Seed.Reveal()
	label := "assumebot:" + name + "@" + d.account
	link := url.URL{
		Scheme: "otpauth", Host: "totp", Path: "/" + label, RawQuery: "secret=" + url.QueryEscape(seed) + "&issuer=assumebot",
	}
	code, err := qrcode.New(link.String(), qrcode.Low)
	if err != nil {
		return errors.New("the MFA device cannot be drawn as a QR code: use --qr no")
	}
	drawn := blocks(code.Bitmap())
	if d.qr && len(code.Bitmap()) <= d.columns {
		_, err = fmt.Fprintf(d.out, "\nScan this with an authenticator app. It is shown once; whoever sees it has the device.\n\n%s\n", drawn)
		return err
	}
	why := ""
	if d.qr {
		why = fmt.Sprintf(" (a QR code needs %d columns)", len(code.Bitmap()))
	}
	_, err = fmt.Fprintf(d.out, "\nType this into an authenticator app as %s%s. It is shown once; whoever sees it has the device.\n\n  %s\n\n",
		label, why, inFours(seed))
	return err
}

// blocks draws modules, two rows a line, in black on white whatever the colours of the terminal: a camera reads no
// other. The empty rim that it needs is part of the modules.
func blocks(modules [][]bool) string {
	var b strings.Builder
	for y := 0; y < len(modules); y += 2 {
		b.WriteString("\x1b[38;5;16;48;5;231m")
		for x, top := range modules[y] {
			below := y+1 < len(modules) && modules[y+1][x]
			switch {
			case top && below:
				b.WriteRune('█')
			case top:
				b.WriteRune('▀')
			case below:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteString("\x1b[0m\n")
	}
	return b.String()
}

// inFours parts what somebody has to type.
func inFours(text string) string {
	var parts []string
	for ; len(text) > 4; text = text[4:] {
		parts = append(parts, text[:4])
	}
	return strings.Join(append(parts, text), " ")
}

var sixDigits = text.NewPattern(`^[0-9]{6}$`)

// Codes implements [enrol.Terminal].
func (d *desk) Codes(ctx context.Context, again bool) (first, second string, err error) {
	if again {
		d.say("AWS does not take these two. Wait for a new code, and type it and the one right after it.")
	}
	if first, err = d.code(ctx, "The code that it shows now: ", ""); err != nil {
		return "", "", err
	}
	second, err = d.code(ctx, "The next one, in up to 30 seconds: ", first)
	return first, second, err
}

func (d *desk) say(text string) { _, _ = fmt.Fprintln(d.out, text) }

// code asks until the answer is one, and another than not.
func (d *desk) code(ctx context.Context, prompt, not string) (string, error) {
	for {
		_, _ = fmt.Fprint(d.out, prompt) // who cannot be asked does not answer
		select {
		case <-ctx.Done():
			d.say("")
			return "", errors.New("stopped")
		case line, more := <-d.lines:
			code := strings.ReplaceAll(strings.TrimSpace(line), " ", "")
			switch {
			case !more:
				return "", errors.New("no code was typed")
			case !sixDigits.MatchString(code):
				d.say("A code has six digits.")
			case code == not:
				d.say("That is the same one: wait until the authenticator shows another.")
			default:
				return code, nil
			}
		}
	}
}
