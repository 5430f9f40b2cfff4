package command

import (
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/snippet"
)

func TestParseAssumeReadsTheConsole(t *testing.T) {
	console := func(service string) Command {
		return withCode(func(c *Command) { c.Format, c.Service = snippet.Console, service })
	}
	checkParse(t, ParseAssume, []parseCase{
		{name: "home", text: "prod 123456 as console", want: console("")},
		{name: "service", text: "prod 123456 as console s3", want: console("s3")},
		{name: "serviceInCapitals", text: "PROD 123456 AS Console S3.", want: console("s3")},
		{name: "codeBehindService", text: "prod as console ec2 123 456", want: console("ec2")},
		{name: "codeInPlaceOfService", text: "prod as console 123 456", want: console("")},
		{name: "accountBehindConsole", text: "as console prod 123456", want: console("")},
		{name: "otherName", text: "prod 123456 as browser iam", want: console("iam")},
		{name: "keywordBehind", text: "prod 123456 as console for 2h", want: withCode(func(c *Command) {
			c.Format, c.Duration = snippet.Console, 2*time.Hour
		})},
		{name: "reasonBehind", text: "prod 123456 as console s3 because INC-42", want: withCode(func(c *Command) {
			c.Format, c.Service, c.Reason = snippet.Console, "s3", "INC-42"
		})},
		{name: "withoutCode", text: "prod as console s3", want: Command{Verb: VerbAssume, Account: "prod", Format: snippet.Console, Service: "s3"}},
		{name: "notAService", text: "prod 123456 as console s3/home", fail: "cannot be the name of an AWS service"},
		{name: "dots", text: "prod 123456 as console ../iam", fail: "cannot be the name of an AWS service"},
		{name: "tooLong", text: "prod 123456 as console " + strings.Repeat("x", 41), fail: "cannot be the name of an AWS service"},
		{name: "twoServices", text: "prod 123456 as console s3 ec2", fail: "I do not know the word “ec2”"},
		{name: "codeWithALetter", text: "prod as console 12345o", fail: "no letters"},
		{name: "codeWithoutASpace", text: "prod as console iam-123456", fail: "Leave a space"},
		{name: "person", text: "prod 123456 as console <@U02BOB|bob>", fail: "A mention can stand only"},
		{name: "otherFormatsTakeNone", text: "prod 123456 as fish s3", fail: "I do not know the word “s3”"},
		{name: "listed", text: "prod 123456 as perl", fail: "json or console"},
		{name: "nearest", text: "prod 123456 as consol", fail: "Did you mean “console”?"},
	})
}

func TestParseAssumeReadsExplain(t *testing.T) {
	checkParse(t, ParseAssume, []parseCase{
		{name: "account", text: "explain PROD", want: Command{Verb: VerbExplain, Account: "prod"}},
		{name: "duration", text: "explain prod for 90 minutes", want: Command{Verb: VerbExplain, Account: "prod", Duration: 90 * time.Minute}},
		{name: "alone", text: "explain", fail: "The account is missing."},
		{name: "code", text: "explain prod 123456", fail: "explain needs no code"},
		{name: "codeWithoutASpace", text: "explain prod123456", fail: "run together"},
		{name: "accountNumber", text: "explain 222222222222", fail: "explain needs no code"},
		{name: "format", text: "explain prod as fish", fail: "and nothing else"},
		{name: "reason", text: "explain prod because I wonder", fail: "and nothing else"},
		{name: "twoAccounts", text: "explain prod staging", fail: "I do not know the word “staging”"},
	})
	checkParse(t, ParseBuckets, []parseCase{
		{name: "buckets", text: "explain prod", fail: "cannot be the name of an account"},
	})
}
