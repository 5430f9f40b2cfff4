package form

import (
	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
)

// The window in which buckets are searched. Slack allows no text field in a
// message, so it holds both the field and the list that was found.
const (
	SearchCallback = "buckets"
	fieldPrefix    = "prefix"
	// maxBucketName is what a name may have today.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	maxBucketName = 63
)

// Search is the search, and below it what was found.
func Search(grant, prefix string, found ...slack.Block) slack.ModalViewRequest {
	text := slack.NewPlainTextInputBlockElement(blockkit.PlainText("logs-"), fieldPrefix)
	text.InitialValue = prefix
	input := slack.NewInputBlock(fieldPrefix, blockkit.PlainText("Bucket names that start with"), blockkit.PlainText("Nothing shows all"), text)
	input.Optional = true
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: SearchCallback, PrivateMetadata: grant,
		Title: blockkit.PlainText("Buckets"), Submit: blockkit.PlainText("Search"), Close: blockkit.PlainText("Done"),
		Blocks: slack.Blocks{BlockSet: append([]slack.Block{input}, found...)},
	}
}

// ReadSearch reads what was typed, kindly: phones begin with a capital. wrong
// says why no bucket has such a name.
func ReadSearch(v slack.View) (prefix, wrong string) {
	if v.State != nil {
		prefix = v.State.Values[fieldPrefix][fieldPrefix].Value
	}
	prefix = command.ReadPrefix(prefix)
	switch {
	case prefix == "":
		return "", ""
	case len(prefix) > maxBucketName:
		return "", "A bucket name has at most 63 characters."
	case !command.ValidPrefix(prefix):
		return "", "Bucket names are made of letters, digits, dots and dashes, without spaces."
	}
	return prefix, ""
}

// SearchError is the acknowledgement that says what is wrong with a search.
func SearchError(text string) any {
	return Errors(map[string]string{fieldPrefix: text})
}
