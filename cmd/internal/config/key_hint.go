package config

import (
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/broker"
)

// keyHint helps with a key that is not known: the nearest one, or all of them.
func keyHint(key string, known []string) string {
	switch strings.ToLower(key) {
	case "app_token", "bot_token", "token", "redis_url", "seal_keys", "access_key_id", "secret_access_key":
		return "secrets do not belong in this file; they come from the environment (assumebot help lists the variables)"
	}
	if near := broker.Nearest(strings.ReplaceAll(strings.ToLower(key), "-", "_"), known); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return "known are " + strings.Join(known, ", ")
}
