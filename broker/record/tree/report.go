package tree

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// Reports. The key of a record signs reports of drills too. An Ed25519 signature of a signed
// note covers its text alone, not the name of the key, so the text itself keeps reports and
// checkpoints apart: a report's first line has spaces, which no origin has, and its second is
// never a number. The key has another name there besides, so that its line is none of a
// checkpoint's. https://c2sp.org/signed-note

const (
	reportHead = "assumebot drill report v1\n"
	// reportName follows the key's own name.
	reportName = "/drill"
	// MaxReport is the most bytes of a signed report.
	MaxReport = 1 << 20
)

// ErrNoReport is of what is no report at all; ErrUnsignedReport of one without a signature.
var (
	ErrNoReport       = errors.New("this is no report of a drill")
	ErrUnsignedReport = errors.New("this report is not signed, so anybody can have written it")
)

// Report signs body, lines of JSON, as a report, by the newest key.
func (s *Signer) Report(body []byte) ([]byte, error) {
	text := UnsignedReport(body)
	if err := checkReport(text); err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: text}, s.reports)
}

// UnsignedReport is how a report looks that no key signs.
func UnsignedReport(body []byte) string {
	return reportHead + strings.TrimRight(string(body), "\n") + "\n"
}

func checkReport(text string) error {
	body, ok := strings.CutPrefix(text, reportHead)
	switch {
	case !ok || !strings.HasPrefix(body, "{\n") || !strings.HasSuffix(body, "\n}\n"):
		return ErrNoReport
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }):
		return errors.New("a report with characters that are not printed")
	case len(text) > MaxReport-MaxNote:
		return fmt.Errorf("a report of %d bytes", len(text))
	}
	return nil
}

// CheckReport returns the body of a report, once one of the log's keys has signed it, and
// which did, as they are printed.
func (k PublicKeys) CheckReport(raw []byte) (body []byte, signers []string, err error) {
	if len(raw) > MaxReport {
		return nil, nil, fmt.Errorf("a report of %d bytes, and one has %d at most", len(raw), MaxReport)
	}
	if !strings.HasPrefix(string(raw), reportHead) {
		return nil, nil, ErrNoReport
	}
	if !utf8.Valid(raw) {
		return nil, nil, errors.New("a report with bytes that are not UTF-8: somebody has altered it")
	}
	if checkReport(string(raw)) == nil {
		return nil, nil, ErrUnsignedReport
	}
	var known []note.Verifier
	printed := make(map[uint32]string)
	for _, key := range k.log {
		v, err := reportVerifier(key)
		if err != nil {
			return nil, nil, err
		}
		known, printed[v.KeyHash()] = append(known, v), key
	}
	n, err := note.Open(raw, note.VerifierList(known...))
	var unknown *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unknown):
		return nil, nil, fmt.Errorf("none of these keys of %s signed this report", k.name)
	case err != nil:
		return nil, nil, fmt.Errorf("a report: %w", err)
	}
	if err := checkReport(n.Text); err != nil {
		return nil, nil, err
	}
	for _, sig := range n.Sigs {
		signers = append(signers, printed[sig.Hash])
	}
	return []byte(strings.TrimPrefix(n.Text, reportHead)), signers, nil
}

// reportSigner is what signs reports by a private key of the log.
func reportSigner(private string) (note.Signer, error) {
	public, err := publicOf(private)
	if err != nil {
		return nil, err
	}
	named, err := reportKey(public)
	if err != nil {
		return nil, err
	}
	parts := strings.SplitN(named, "+", 3)
	seed := strings.SplitN(private, "+", 5)[4]
	return note.NewSigner("PRIVATE+KEY+" + parts[0] + "+" + parts[1] + "+" + seed)
}

func reportVerifier(public string) (note.Verifier, error) {
	named, err := reportKey(public)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(named)
}

// reportKey is a public key of the log, by the name under which it signs reports.
func reportKey(public string) (string, error) {
	parts := strings.SplitN(public, "+", 3)
	if len(parts) != 3 {
		return "", errors.New("no public key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize {
		return "", errors.New("no public key of Ed25519")
	}
	return note.NewEd25519VerifierKey(parts[0]+reportName, ed25519.PublicKey(key[1:]))
}
