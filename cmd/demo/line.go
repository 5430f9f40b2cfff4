package main

import (
	"fmt"
	"strings"
)

// The words of the demo. wordCommand and wordMention stand for lines that begin
// with a slash and with the bot's name.
const (
	wordAWS     = "aws"
	wordCancel  = "cancel"
	wordChoose  = "choose"
	wordCodes   = "codes"
	wordCommand = "/"
	wordDM      = "dm"
	wordExpect  = "expect"
	wordFill    = "fill"
	wordHelp    = "help"
	wordHome    = "home"
	wordPress   = "press"
	wordQuit    = "quit"
	wordSay     = "say"
	wordShell   = "sh"
	wordSubmit  = "submit"
	wordWait    = "wait"
)

// A line is what one line of input says: who does what.
type line struct {
	who  *person
	word string
	rest string // what follows the word; of a command and a mention all of it
}

// parse reads a line, which has no white space around it. It never asks for
// anything to be guessed: what it does not know is an error that says what it
// does.
func (w *scene) parse(text string) (line, error) {
	l := line{who: w.people[0], rest: text}
	bot := "@" + w.Slack.BotName()
	if name, rest, found := strings.Cut(text, " "); strings.HasPrefix(text, "@") && !strings.EqualFold(name, bot) {
		p, known := w.person(name[1:])
		switch {
		case !known:
			return l, fmt.Errorf("there is no %s here: the cast is %s", name, w.cast())
		case !found:
			return l, fmt.Errorf("%s does what? For example: %s /assume accounts", name, name)
		}
		l.who, l.rest = p, strings.TrimSpace(rest)
	}
	switch {
	case strings.HasPrefix(l.rest, "/"):
		l.word = wordCommand
		return l, nil
	case strings.EqualFold(strings.Fields(l.rest)[0], bot):
		l.word = wordSay
		return l, nil
	}
	word, rest, _ := strings.Cut(l.rest, " ")
	l.rest = strings.TrimSpace(rest)
	switch l.word = strings.ToLower(word); l.word {
	case wordAWS, wordChoose, wordDM, wordExpect, wordFill, wordPress, wordSay, wordShell, wordWait:
		if l.rest == "" {
			return l, fmt.Errorf("%s what? For example: %s", l.word, example(l.word))
		}
		return l, nil
	case wordCancel, wordCodes, wordHelp, wordHome, wordQuit, wordSubmit:
		if l.rest != "" {
			return l, fmt.Errorf("%s takes nothing after it, but %q is there", l.word, l.rest)
		}
		return l, nil
	case "exit":
		l.word = wordQuit
		return l, nil
	}
	return l, fmt.Errorf("the demo does not know %q: a command begins with a slash, as in /assume prod {mfa}; "+
		"`say %s` writes it to #general; `help` shows all words", word, l.word)
}

func example(word string) string {
	switch word {
	case wordAWS:
		return "aws alice s3 ls"
	case wordChoose:
		return "choose fish"
	case wordDM:
		return "dm help"
	case wordExpect:
		return "expect Granted prod"
	case wordFill:
		return "fill code {mfa}"
	case wordPress:
		return "press 1, or press Approve"
	case wordSay:
		return "say hello"
	case wordShell:
		return "sh env | grep AWS"
	}
	return "wait 55m"
}

// cast is everybody's name.
func (w *scene) cast() string {
	names := make([]string, len(w.people))
	for i, p := range w.people {
		names[i] = p.Name
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
