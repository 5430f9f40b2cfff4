package command

import (
	"strings"
	"unicode/utf8"

	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// VerbKey is /assume key.
const VerbKey Verb = "key"

// A KeyAction is what /assume key asks for.
type KeyAction string

// The actions. The first needs no code, the others do, which the broker asks
// for: without one nothing changes.
const (
	KeyShow   KeyAction = ""
	KeySet    KeyAction = "set"
	KeyRemove KeyAction = "remove"
)

// isKeyCommand reports whether the first word of what follows /assume is key.
func isKeyCommand(text string) bool {
	tokens := typed.Tokens(text[:min(len(text), 64)])
	for _, t := range tokens {
		if word := strings.TrimRight(t.Word(), "-"); word != "" {
			return word == string(VerbKey) || word == "keys"
		}
	}
	return false
}

// parseKey reads what follows /assume:
//
//	key | key PUBLICKEY CODE | key remove CODE
//
// The code stands last, or before the key; what else stands behind an SSH key is
// its comment. Nothing that was typed is ever said again: it may be a piece of a
// private key.
func parseKey(text string) (Command, error) {
	switch {
	case snippet.HoldsPrivateKey(text):
		return Command{}, snippet.PrivateKeyError()
	case len(text) > snippet.MaxKeyText:
		return Command{}, snippet.KeyTooLongError()
	case !utf8.ValidString(text):
		return Command{}, errNotText()
	}
	var words []typed.Token
	for _, t := range typed.Tokens(text) {
		if t.Word() != "" || t.Kind != typed.KindWord || typed.Digits(t.Value()) != "" {
			words = append(words, t)
		}
	}
	words = words[1:] // key
	cmd := Command{Verb: VerbKey}
	words, code, err := takeCode(words)
	if err != nil {
		return Command{}, err
	}
	cmd.Code = code
	if len(words) == 0 {
		if !code.Empty() {
			return Command{}, errKeyMissing()
		}
		return cmd, nil
	}
	switch words[0].Word() {
	case "remove", "delete", "forget", "unset":
		if len(words) > 1 {
			return Command{}, errKeyRemoveAlone()
		}
		cmd.Change = KeyRemove
		return cmd, nil
	case "show":
		if len(words) > 1 || !code.Empty() {
			return Command{}, errKeyShowAlone()
		}
		return cmd, nil
	case "set", "add", "replace":
		words = words[1:]
	}
	var rest []string
	for _, t := range words {
		rest = append(rest, t.Value())
	}
	if cmd.Key, err = snippet.ParsePublicKey(strings.Join(rest, " ")); err != nil {
		return Command{}, err
	}
	cmd.Change = KeySet
	return cmd, nil
}

// takeCode takes the code off the end of words, or off their beginning. A last
// number that is no code is one mistyped; it is not taken for a comment.
func takeCode(words []typed.Token) ([]typed.Token, secret.TokenCode, error) {
	number := func(i int) string {
		if i < 0 || i >= len(words) || words[i].Kind != typed.KindWord {
			return ""
		}
		return typed.Digits(words[i].Word())
	}
	n := len(words)
	for _, at := range []struct{ from, to int }{{n - 1, n}, {n - 2, n}, {n - 3, n}, {0, 1}, {0, 2}, {0, 3}} {
		joined := ""
		for i := at.from; i < at.to; i++ {
			part := number(i)
			if part == "" {
				joined = ""
				break
			}
			joined += part
		}
		if code, ok := secret.ParseTokenCode(joined); ok {
			left := append(append([]typed.Token(nil), words[:at.from]...), words[at.to:]...)
			return left, code, nil
		}
	}
	if last := number(n - 1); last != "" {
		return nil, secret.TokenCode{}, errCodeLength(len(last))
	}
	return words, secret.TokenCode{}, nil
}

func errKeyMissing() error {
	return unusedError("There is a code, but the key is missing.",
		"Write ", prose.AssumeCmd("key age1… CODE"), ", or ", prose.AssumeCmd("key remove CODE"), "; ", prose.AssumeCmd("key"), " alone shows what is set.")
}

func errKeyRemoveAlone() error {
	return Error("Only the code goes after remove. Nothing was changed.", "Write ", prose.AssumeCmd("key remove CODE"), ".")
}

func errKeyShowAlone() error {
	return Error("Nothing goes after show. Nothing was changed.", "Write ", prose.AssumeCmd("key"), ".")
}
