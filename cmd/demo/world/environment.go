package world

import (
	"bytes"
	"fmt"
	"os"
	"slices"
)

// A Setting is a variable of the environment.
type Setting struct{ Name, Value string }

// botSettings are what the demo's own bot reads as its environment. Nothing of the
// real one is among them.
func (w *World) botSettings() func(string) string {
	settings := w.shared()
	return func(name string) string {
		i := slices.IndexFunc(settings, func(s Setting) bool { return s.Name == name })
		if i < 0 {
			return ""
		}
		return settings[i].Value
	}
}

// shared are the settings of every bot in this world.
func (w *World) shared() []Setting {
	return []Setting{
		{"SLACK_API_URL", w.Slack.APIURL()},
		{"SLACK_APP_TOKEN", w.Slack.AppToken()},
		{"SLACK_BOT_TOKEN", w.Slack.BotToken()},
		{"REDIS_URL", "embedded"},
		{"AWS_REGION", Region},
		{"ALICE_AWS_ACCESS_KEY_ID", aliceKey.id},
		{"ALICE_AWS_SECRET_ACCESS_KEY", aliceKey.secret},
	}
}

// Environment is what a bot that is a program of its own needs in this world: the
// shared settings, and AWS's with the identity of the bot. The AWS profiles of whoever
// starts it are hidden from it.
func (w *World) Environment() []Setting {
	return append(w.shared(),
		Setting{"AWS_ENDPOINT_URL", w.AWS.URL()},
		Setting{"AWS_ACCESS_KEY_ID", botKey.id},
		Setting{"AWS_SECRET_ACCESS_KEY", botKey.secret},
		Setting{"AWS_CONFIG_FILE", os.DevNull},
		Setting{"AWS_SHARED_CREDENTIALS_FILE", os.DevNull})
}

// Unset are variables that would have such a bot go elsewhere, or not start.
func Unset() []string {
	return []string{
		"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_S3",
		"AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		"ASSUMEBOT_RECORD_KEY", "ASSUMEBOT_SEAL_KEYS", "ASSUMEBOT_RECORD_KEY_FILE", "ASSUMEBOT_SEAL_KEYS_FILE",
		"REDIS_URL_FILE", "REDIS_CA", "REDIS_CA_FILE",
	}
}

// Config is file with where this world's AWS signs people in to the console, which is known only now.
func (w *World) Config(file []byte) []byte {
	return fmt.Appendf(bytes.Clone(file), "signin_endpoint: %s/federation\n", w.AWS.URL())
}
