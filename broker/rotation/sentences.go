package rotation

import (
	"maps"
	"slices"
)

// Codes are the codes of all Problems, in order.
func Codes() []string { return slices.Sorted(maps.Keys(sentences)) }

// Sentence says what a Problem's code means, and what to do; "" of a code of a later release.
func Sentence(code string) string { return sentences[code] }

var sentences = map[string]string{
	ForeignKey: "The IAM user has another access key, which the bot did not make. Find out who did, and delete it in IAM; the bot goes on by itself.",
	KeyDead: "AWS does not accept the key that is stored: somebody deactivated or deleted it. If the person may go on, " +
		"`assumebot rotate-key USER --yes` gives them a new one.",
	OtherAccount: "The IAM user is not in the AWS account of the bot's own identity, which can make keys there alone. Leave its key to that account.",
	NotOfUser:    "The key that is stored is not an IAM user's.",
	Elsewhere:    "Secrets Manager rotates the secret by a function of its own. Switch one of the two off.",
	Unreadable:   "The secret holds no access key: store a JSON object with access_key_id and secret_access_key.",
	NewKeyBroken: "AWS does not accept the new key after two minutes. The former one stays, and the bot tries again in an hour.",
	Refused:      "AWS refused. See that the bot's identity has rotation-policy.json, and that the IAM user and the secret are what it names.",
	NotAnswered:  "AWS did not answer, so nobody knows whether it was done. The bot looks and goes on by itself.",
	NoteBroken: "What the bot has noted about it in Redis does not open: the seal key is missing, or somebody changed it. " +
		"Nothing is done; put the seal key back, or delete that key in Redis.",
	NotRecorded:   "The record does not take it, so nothing was done.",
	Overtaken:     "Another process went on with it meanwhile.",
	StoreNotThere: "Redis did not answer, so nothing was done.",
}
