package slacktest

import (
	"errors"
	"regexp"
)

// complaint is one of [propertyChecker]'s.
var complaint = regexp.MustCompile(`^(?:\[ERROR\] )?(.*?)(?: \[json-pointer:(.*)\])?$`)

// blocksValidate checks what would be posted or shown, and posts nothing. It takes one of the three, and
// tells of each fault where it is.
// https://docs.slack.dev/reference/methods/blocks.validate
func (s *webAPI) blocksValidate(c *call) (object, error) {
	given := 0
	for _, name := range []string{"blocks", "message", "view"} {
		if c.has(name) {
			given++
		}
	}
	if given != 1 {
		return nil, failure("invalid_arguments")
	}
	switch {
	case c.has("view"):
		var n node
		if decode([]byte(c.get("view")), &n) != nil || n == nil {
			return nil, failure("invalid_arguments")
		}
		kind := "modal"
		if n.str("type") == "home" {
			kind = "home"
		}
		_, _, err := checkView(c.get("view"), kind)
		return nil, found("invalid_view", err)
	case c.has("message"):
		var m struct {
			Blocks rawText `json:"blocks"`
		}
		if decode([]byte(c.get("message")), &m) != nil || m.Blocks == "" {
			return nil, failure("invalid_arguments")
		}
		_, err := checkBlocks([]byte(m.Blocks), surfaceMessage)
		return nil, found("invalid_message", err)
	}
	_, err := checkBlocks([]byte(c.get("blocks")), surfaceMessage)
	return nil, found("invalid_blocks", err)
}

// rawText is JSON as it was written.
type rawText string

func (r *rawText) UnmarshalJSON(data []byte) error { *r = rawText(data); return nil }

// found is err as blocks.validate tells of it: code, and a list of faults.
func found(code string, err error) error {
	var e *apiError
	if !errors.As(err, &e) {
		return err
	}
	list := []object{}
	for _, m := range e.messages {
		if parts := complaint.FindStringSubmatch(m); parts != nil {
			list = append(list, object{"pointer": parts[2], "code": "failed_constraint", "message": parts[1]})
		}
	}
	if len(list) == 0 {
		list = append(list, object{"pointer": "", "code": e.code, "message": e.code})
	}
	return &apiError{code: code, more: object{"errors": list}}
}
