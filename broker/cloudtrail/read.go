package cloudtrail

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	// MaxRecord is the most bytes of one record. CloudTrail's own events are up to 1 MB.
	// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
	MaxRecord = 4 << 20
	// MaxFile is the most bytes of a file once it is unpacked: what unpacks to more is no log file.
	MaxFile = 8 << 30
)

// ErrDigest says that a file is a digest, which says what log files there are, and holds no
// events.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
var ErrDigest = errors.New("it is a digest file, which holds no events")

var (
	errNotJSON = errors.New("it is not JSON, or it is cut off")
	errNoList  = errors.New("it is no log file of CloudTrail: that is a JSON object with a list of Records")
	errLong    = fmt.Errorf("a record of more than %d bytes", MaxRecord)
	errLarge   = fmt.Errorf("it unpacks to more than %d bytes", int64(MaxFile))
)

// Read calls do for each event of a log file, in the order of the file, which is none. What is
// packed by gzip is unpacked, whatever its name. An error of do ends it and is returned as it
// is. Memory is bounded by MaxRecord.
func Read(r io.Reader, do func(Event) error) error {
	in := bufio.NewReader(r)
	head, err := in.Peek(2)
	var plain io.Reader = in
	if err == nil && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("it cannot be unpacked: %w", err)
		}
		plain = z
	}
	d := &decoding{in: &allowance{r: plain}, do: do}
	d.json = json.NewDecoder(d.in)
	return d.file()
}

// An allowance ends what is read before one value grows without bound.
type allowance struct {
	r    io.Reader
	read int64 // so far
	most int64 // may be read until the next value is there
	err  error // of r, or that there was more than may be
}

// Read implements [io.Reader].
func (a *allowance) Read(p []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	left := min(a.most, MaxFile) - a.read
	if left <= 0 {
		if a.err = errLong; a.read >= MaxFile {
			a.err = errLarge
		}
		return 0, a.err
	}
	n, err := a.r.Read(p[:min(int64(len(p)), left)])
	a.read += int64(n)
	if err != nil {
		a.err = err
	}
	return n, err
}

type decoding struct {
	in   *allowance
	json *json.Decoder
	do   func(Event) error
}

// token is the next token, within the allowance.
func (d *decoding) token() (json.Token, error) {
	d.in.most = d.json.InputOffset() + MaxRecord
	t, err := d.json.Token()
	return t, d.why(err)
}

func (d *decoding) value(into any) error {
	d.in.most = d.json.InputOffset() + MaxRecord
	return d.why(d.json.Decode(into))
}

// more reports whether the list or object goes on.
func (d *decoding) more() bool {
	d.in.most = d.json.InputOffset() + MaxRecord
	return d.json.More()
}

// why says what of the file is wrong, in words that hold nothing of it.
func (d *decoding) why(err error) error {
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.Is(d.in.err, errLong), errors.Is(d.in.err, errLarge):
		return d.in.err
	case errors.Is(d.in.err, gzip.ErrChecksum), errors.Is(d.in.err, gzip.ErrHeader):
		return fmt.Errorf("it cannot be unpacked: %w", d.in.err)
	case errors.As(err, &syntax), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errNotJSON
	case d.in.err != nil && !errors.Is(d.in.err, io.EOF):
		return fmt.Errorf("it cannot be read: %w", d.in.err)
	}
	return errNotJSON
}

func (d *decoding) file() error {
	if t, err := d.token(); err != nil {
		return err
	} else if t != json.Delim('{') {
		return errNoList
	}
	found, digest := false, false
	for d.more() {
		name, err := d.token()
		if err != nil {
			return err
		}
		switch name {
		case "Records":
			if found {
				return errNoList
			}
			found = true
			if err := d.records(); err != nil {
				return err
			}
		default:
			digest = digest || name == "digestEndTime"
			var other json.RawMessage
			if err := d.value(&other); err != nil {
				return err
			}
		}
	}
	return d.end(found, digest)
}

// end reads the end of the file.
func (d *decoding) end(found, digest bool) error {
	if _, err := d.token(); err != nil {
		return err
	}
	switch {
	case !found && digest:
		return ErrDigest
	case !found:
		return errNoList
	}
	d.in.most = d.json.InputOffset() + MaxRecord
	if _, err := d.json.Token(); !errors.Is(err, io.EOF) || !errors.Is(d.in.err, io.EOF) {
		return fmt.Errorf("after its Records: %w", errOr(d.why(err)))
	}
	return nil
}

func errOr(err error) error {
	if err == nil {
		return errors.New("there is more")
	}
	return err
}

func (d *decoding) records() error {
	if t, err := d.token(); err != nil {
		return err
	} else if t != json.Delim('[') {
		return errNoList
	}
	for n := 1; d.more(); n++ {
		var w wire
		if err := d.value(&w); err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		e, err := w.event()
		if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		if err := d.do(e); err != nil {
			return err
		}
	}
	_, err := d.token()
	return err
}
