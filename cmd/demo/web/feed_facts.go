package web

import (
	"regexp"
	"slices"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
	recordaudit "github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// recordNamed finds the numbers of entries in what the bot says.
var recordNamed = regexp.MustCompile(`\brecord (\d{1,15})\b`)

// shownParams are the parameters of calls whose values are shown. Of all others the name
// alone is: the code of an MFA device is among them, and the credentials that sign-in asks with.
var shownParams = []string{
	"DurationSeconds", "ExternalId", "MaxBuckets", "PolicyDocument", "PolicyName", "Prefix", "RoleArn", "RoleName", "RoleSessionName",
	"SecretId", "SerialNumber", "SourceIdentity", "max-buckets", "prefix",
}

const (
	notShown    = "(not shown)"
	longestFact = 400
)

// callFacts are what was asked of AWS and what it answered, without anything secret.
func callFacts(c awstest.Call) []recordaudit.Field {
	var names []string
	for name := range c.Params {
		if name != "Action" && name != "Version" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out []recordaudit.Field
	add := func(name, value string) {
		if value != "" {
			out = append(out, recordaudit.Field{Name: name, Value: cut(value, longestFact)})
		}
	}
	for _, name := range names {
		value := notShown
		if slices.Contains(shownParams, name) {
			value = c.Params.Get(name)
		}
		add(cut(name, 60), value)
	}
	add("signed by", c.AccessKeyID)
	add("region", c.Region)
	add("error", c.ErrorCode)
	add("request ID", c.RequestID)
	return out
}

func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// describe says who sees a change, and where; what they see stays with them.
func (f *feed) describe(c slacktest.Change) string {
	name := func(id string) string {
		for _, p := range f.world.People {
			if p.ID == id || p.DM == id {
				return p.Name
			}
		}
		return cut(id, 20)
	}
	m := c.Message
	where := "to " + world.ChannelName(m.Channel)
	switch {
	case m.Ephemeral:
		where = "to " + name(m.To) + " alone"
	case m.Channel != world.General && m.Channel != world.Audit:
		where = "to " + name(m.Channel) + ", as a direct message"
	}
	switch c.Kind {
	case slacktest.MessagePosted:
		return "a message " + where
	case slacktest.MessageUpdated:
		return "a message " + where + " changed"
	case slacktest.MessageDeleted:
		return "a message " + where + " deleted"
	case slacktest.ViewOpened:
		return "a window opened for " + name(c.User)
	case slacktest.ViewUpdated:
		return "a window of " + name(c.User) + " changed"
	case slacktest.ViewClosed:
		return "a window of " + name(c.User) + " closed"
	case slacktest.HomePublished:
	}
	return "Home of " + name(c.User) + " changed"
}
