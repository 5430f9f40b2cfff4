package bot

import "github.com/slack-go/slack"

func button(actionID, label, value string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(actionID, value, plainText(label))
}

func styled(actionID, label, value string, style slack.Style) *slack.ButtonBlockElement {
	b := button(actionID, label, value)
	b.Style = style
	return b
}

func plainText(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

func option(value, label string) *slack.OptionBlockObject {
	return slack.NewOptionBlockObject(value, plainText(label), nil)
}
