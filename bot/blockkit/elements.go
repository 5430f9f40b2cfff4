package blockkit

import "github.com/slack-go/slack"

// Button sends value when it is pressed.
func Button(actionID, label, value string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(actionID, value, PlainText(label))
}

// StyledButton is a Button in a colour.
func StyledButton(actionID, label, value string, style slack.Style) *slack.ButtonBlockElement {
	b := Button(actionID, label, value)
	b.Style = style
	return b
}

// PlainText is a label: no markup, no emoji.
func PlainText(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

// Option is one choice of a menu.
func Option(value, label string) *slack.OptionBlockObject {
	return slack.NewOptionBlockObject(value, PlainText(label), nil)
}
