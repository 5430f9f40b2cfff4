package main

import (
	"errors"
	"os"
	"strings"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// hideAWSSettings takes every AWS setting out of the process's environment and
// puts an empty one in place of the shared config files, so that neither a
// profile nor a key of whoever starts the demo can be used by it. restore puts
// all of them back.
func hideAWSSettings() (restore func(), err error) {
	kept := map[string]string{}
	for _, each := range os.Environ() {
		if name, value, _ := strings.Cut(each, "="); strings.HasPrefix(name, "AWS_") {
			kept[name] = value
			err = errors.Join(err, os.Unsetenv(name))
		}
	}
	err = errors.Join(err, setenv(map[string]string{
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
	}))
	return func() {
		for _, each := range os.Environ() {
			if name, _, _ := strings.Cut(each, "="); strings.HasPrefix(name, "AWS_") {
				_ = os.Unsetenv(name) // it was set a moment ago
			}
		}
		_ = setenv(kept) // they came from there
	}, err
}

func setenv(values map[string]string) error {
	var err error
	for name, value := range values {
		err = errors.Join(err, os.Setenv(name, value))
	}
	return err
}

// sdkSettings are what the AWS SDK reads from the process's environment: the
// fake's address, and the bot's own identity, which reads bob's key from Secrets
// Manager.
func sdkSettings(endpoint string) map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL":      endpoint,
		"AWS_REGION":            region,
		"AWS_ACCESS_KEY_ID":     botKey.id,
		"AWS_SECRET_ACCESS_KEY": botKey.secret,
	}
}

// botSettings are what the bot reads as its environment. Nothing of the real one
// is among them.
func botSettings(slack *slacktest.Server) func(string) string {
	settings := map[string]string{
		"SLACK_API_URL":               slack.APIURL(),
		"SLACK_APP_TOKEN":             slack.AppToken(),
		"SLACK_BOT_TOKEN":             slack.BotToken(),
		"REDIS_URL":                   "embedded",
		"AWS_REGION":                  region,
		"ALICE_AWS_ACCESS_KEY_ID":     aliceKey.id,
		"ALICE_AWS_SECRET_ACCESS_KEY": aliceKey.secret,
	}
	return func(name string) string { return settings[name] }
}
