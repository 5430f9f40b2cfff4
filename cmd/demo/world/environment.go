package world

import "github.com/assumebot/assumebot/bot/slacktest"

// botSettings are what the bot reads as its environment. Nothing of the real one
// is among them.
func botSettings(slack *slacktest.Server) func(string) string {
	settings := map[string]string{
		"SLACK_API_URL":               slack.APIURL(),
		"SLACK_APP_TOKEN":             slack.AppToken(),
		"SLACK_BOT_TOKEN":             slack.BotToken(),
		"REDIS_URL":                   "embedded",
		"AWS_REGION":                  Region,
		"ALICE_AWS_ACCESS_KEY_ID":     aliceKey.id,
		"ALICE_AWS_SECRET_ACCESS_KEY": aliceKey.secret,
	}
	return func(name string) string { return settings[name] }
}
