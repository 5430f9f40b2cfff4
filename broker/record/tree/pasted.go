package tree

import (
	"bytes"
	"strings"
	"unicode"
)

// proofHeader is the first line of a proof, and signatureMark begins each signature of its
// checkpoint. https://c2sp.org/tlog-proof, https://c2sp.org/signed-note
const (
	proofHeader   = "c2sp.org/tlog-proof@v1"
	signatureMark = "\u2014 "
)

// Pasted is the proof in what a person copied and saved: without the words of a message
// around it, its marks of code, white space at the ends of lines and the line ends of
// Windows, which are no part of it. It changes nothing else; what holds no proof it returns as
// it is. Whether a proof is right, CheckProof says.
func Pasted(data []byte) []byte {
	if len(data) > 2*MaxProof {
		return data
	}
	text := string(bytes.ToValidUTF8(data, []byte("\ufffd")))
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n") // what ends a line begins no other
	var out strings.Builder
	blank := 0
	for _, line := range lines {
		line = bare(line)
		switch {
		case out.Len() == 0 && line != proofHeader:
			continue
		case blank == 2 && !strings.HasPrefix(line, signatureMark):
			return []byte(out.String())
		case line == "":
			blank++
		}
		out.WriteString(line + "\n")
	}
	if out.Len() == 0 {
		return data
	}
	return []byte(out.String())
}

// bare is a line without what a client puts around it.
func bare(line string) string {
	line = strings.TrimFunc(line, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' })
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(line, "```"), "```"))
}
