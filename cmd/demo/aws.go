package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// remember keeps the credentials that a change shows to p, if it shows any.
func (p *person) remember(c slacktest.Change) {
	texts := c.Message.Preformatted()
	if c.View.ID != "" {
		texts = c.View.Preformatted()
	}
	for _, text := range texts {
		if strings.Contains(text, "-----BEGIN AGE ENCRYPTED FILE-----") {
			// A sign-in link is encrypted too, and replaces nothing in a shell.
			p.sealed = p.sealed || !strings.Contains(c.Message.Plain()+c.View.Plain(), "in the AWS console")
		} else if s, ok := readSnippet(text); ok {
			p.shown, p.sealed = &s, false
		}
	}
}

// aws is what a person types into a shell into which they pasted the last
// snippet they were shown: [PERSON] s3 ls, or [PERSON] sts get-caller-identity.
func (t *terminal) aws(ctx context.Context, p *person, text string) error {
	words := strings.Fields(text)
	if named, ok := t.scene.person(words[0]); ok {
		p, words = named, words[1:]
	}
	call := awsCall(strings.Join(words, " "))
	if call == nil {
		return fmt.Errorf("the demo's aws knows `aws %s s3 ls` and `aws %s sts get-caller-identity`, not %q: "+
			"for the rest use the AWS CLI in another terminal", p.Name, p.Name, "aws "+text)
	}
	if p.sealed {
		t.note("what %s was shown last is encrypted to their key, which the demo does not have: paste it where age finds the key, "+
			"or send @%s /assume key remove %s and ask again", p.Name, p.Name, codeNext)
		return nil
	}
	if p.shown == nil {
		t.note("%s was shown no credentials yet: ask for some first, as in @%s /assume staging %s", p.Name, p.Name, codeNow)
		return nil
	}
	c := awstest.Client{Endpoint: t.scene.AWS.URL(), Region: p.shown.region, Credentials: p.shown.credentials}
	if c.Region == "" {
		c.Region = world.Region
	}
	out, err := call(ctx, c)
	var refused *awstest.APIError
	switch {
	case errors.As(err, &refused):
		out = wrap(refused.Error()) + "\n"
		t.remember(refused.Error())
	case err != nil:
		return err
	}
	head := "[" + p.Name + "'s shell]\n"
	t.remember(head + out)
	t.print(head + out + "\n")
	return nil
}

// awsCall finds what the words of a command do; nil when the demo cannot.
func awsCall(words string) func(context.Context, awstest.Client) (string, error) {
	switch words {
	case "s3 ls":
		return listBuckets
	case "sts get-caller-identity":
		return callerIdentity
	}
	return nil
}

// listBuckets prints as `aws s3 ls` does, in UTC.
func listBuckets(ctx context.Context, c awstest.Client) (string, error) {
	all, err := c.ListBuckets(ctx)
	var out strings.Builder
	for _, b := range all {
		fmt.Fprintf(&out, "%s %s\n", b.Created.UTC().Format("2006-01-02 15:04:05"), b.Name)
	}
	return out.String(), err
}

// callerIdentity prints as `aws sts get-caller-identity` does.
func callerIdentity(ctx context.Context, c awstest.Client) (string, error) {
	who, err := c.CallerIdentity(ctx)
	return fmt.Sprintf("{\n    \"UserId\": %q,\n    \"Account\": %q,\n    \"Arn\": %q\n}\n", who.UserID, who.Account, who.ARN), err
}
