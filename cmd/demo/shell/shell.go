// Package shell is a pretence of a shell, for people who are shown a snippet and
// want to see it work. It reads what is pasted as its shell would read it, and
// knows a handful of commands. It starts no program, opens no file, and talks to
// the AWS that it was given alone.
package shell

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"
)

const (
	// maxTyped is far above a snippet with the longest session token, encrypted.
	maxTyped = 64 << 10
	// maxPrinted bounds what one command prints.
	maxPrinted = 64 << 10
)

// A Shell is that of one person.
type Shell struct {
	Endpoint string // of AWS, without a final slash
	Region   string // where AWS is called when the environment names no region
	Key      Key    // what opens what is encrypted

	mu     sync.Mutex
	env    map[string]string
	sealed string // the encrypted message that was pasted last
	clear  bool   // asked for by the command that runs
}

// A Result is what came of one input.
type Result struct {
	Out     string
	Clear   bool // what was printed before is to go
	Failed  bool // the last command did not work, or
	Unknown bool // was not understood
}

// An unknownError is a command that the shell does not know.
type unknownError string

func (e unknownError) Error() string { return string(e) }

const pretence = "this shell is a pretence; it knows `aws s3 ls`, `aws sts get-caller-identity`, a pasted snippet, `age -d`, " +
	"`age-keygen -y`, `env | grep AWS`, `clear` and `help`"

const helpText = `Paste a snippet of any format: it is read as its shell would read it.

  aws s3 ls
      the buckets that the credentials can list
  aws sts get-caller-identity
      whose credentials they are
  env | grep AWS
      what the environment has, but no secrets
  age -d
      open the encrypted message that was pasted
  age-keygen -y
      print the public key, for /assume key
  clear, help

It starts no program and opens no file.
`

// Run does what text says, which may be several lines, up to the first that fails.
func (s *Shell) Run(ctx context.Context, text string) Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear = false
	out, err := s.run(ctx, text)
	r := Result{Out: out, Clear: s.clear}
	if err != nil {
		r.Out, r.Failed = r.Out+err.Error()+"\n", true
		r.Unknown = errors.As(err, new(unknownError))
	}
	r.Out = bounded(r.Out)
	return r
}

func (s *Shell) run(ctx context.Context, text string) (string, error) {
	switch {
	case len(text) > maxTyped:
		return "", fmt.Errorf("that is more than %d bytes: paste one snippet at a time", maxTyped)
	case strings.Contains(text, armorBegins):
		return s.pastedSealed(text)
	}
	if a, ok := readSnippet(text); ok {
		return s.take(a), nil
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if a, ok := readLine(line); ok {
			out.WriteString(s.take(a))
			continue
		}
		printed, err := s.command(ctx, line)
		out.WriteString(printed)
		if err != nil {
			return out.String(), err
		}
	}
	return out.String(), nil
}

// Paste takes the credentials of a snippet, which may be encrypted; took is false of any other
// text. The error says why what is encrypted cannot be opened.
func (s *Shell) Paste(text string) (took bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.Contains(text, armorBegins) {
		if _, err := s.pastedSealed(text); err != nil {
			return false, err
		}
		if text, err = s.openSealed(); err != nil {
			return false, err
		}
	}
	a, ok := readSnippet(text)
	if ok {
		s.take(a)
	}
	return ok && a.set[accessKeyID] != "" && a.set[secretKey] != "", nil
}

// take changes the environment, and says what a real shell does not.
func (s *Shell) take(a assignment) string {
	for _, name := range a.unset {
		delete(s.env, name)
	}
	if len(a.set) == 0 {
		return ""
	}
	if s.env == nil {
		s.env = map[string]string{}
	}
	maps.Copy(s.env, a.set)
	if id := a.set[accessKeyID]; id != "" {
		return fmt.Sprintf("(the environment has the credentials of access key %s now)\n", id)
	}
	return fmt.Sprintf("(%s set)\n", strings.Join(slices.Sorted(maps.Keys(a.set)), ", "))
}

// command runs one command.
func (s *Shell) command(ctx context.Context, line string) (string, error) {
	words := strings.Fields(line)
	switch words[0] {
	case "aws":
		return s.aws(ctx, words[1:])
	case "age":
		return s.open(words[1:])
	case "age-keygen":
		return s.publicKey(words[1:])
	case "eval":
		if evaluated(line) == "age -d" {
			return s.evalSealed()
		}
	case "env", "printenv":
		if filter, ok := grepped(words[1:]); ok {
			return s.printEnv(filter), nil
		}
	case "clear", "cls":
		s.clear = true
		return "", nil
	case "help":
		return helpText, nil
	}
	return "", unknownError(fmt.Sprintf("%q: %s", printable(line, 60), pretence))
}

// grepped is what the words after env leave in: all of it, or what grep finds.
func grepped(words []string) (filter string, ok bool) {
	switch {
	case len(words) == 0:
		return "", true
	case len(words) >= 3 && len(words) <= 4 && words[0] == "|" && words[1] == "grep" && (len(words) == 3 || words[2] == "-i"):
		return strings.Trim(words[len(words)-1], `'"^`), true
	}
	return "", false
}

// printEnv prints the environment. What is secret is not printed, although env would.
func (s *Shell) printEnv(filter string) string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.env)) {
		value := s.env[name]
		if name == secretKey || name == sessionToken {
			value = fmt.Sprintf("(%d characters, not printed)", len(value))
		}
		if line := name + "=" + value; strings.Contains(strings.ToUpper(line), strings.ToUpper(filter)) {
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}

// bounded is what can be shown of text.
func bounded(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, ""))
	if len(text) > maxPrinted {
		return strings.ToValidUTF8(text[:maxPrinted], "") + "…\n"
	}
	return text
}

// printable is the beginning of text in one line.
func printable(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
