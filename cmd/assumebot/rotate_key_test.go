package main

import (
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/assumebot/assumebot/broker/awstest"
)

// keys is `keys`: an AWS in which alice's access key stands in the secret assumebot/alice, and bob's is dead in
// assumebot/bob, and alias/assumebot is a key of KMS. The environment has the bot's own identity.
func keys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: keys")
	}
	aws, err := awstest.Start()
	if err != nil {
		ts.Fatalf("%v", err)
	}
	ts.Defer(func() { _ = aws.Close() })
	const account, bot, secret = "111111111111", "AKIABOT0000000000000", "bot-secret-key"
	aws.AddUser(awstest.User{Account: account, Name: "bot", AccessKeyID: bot, SecretAccessKey: secret})
	for name, id := range map[string]string{"alice": "AKIAALICE00000000000", "bob": "AKIABOB0000000000000"} {
		aws.AddUser(awstest.User{Account: account, Name: "assumebot/" + name, AccessKeyID: id, SecretAccessKey: "secret-of-" + name})
		aws.PutSecret(account, "assumebot/"+name, `{"access_key_id":"`+id+`","secret_access_key":"secret-of-`+name+`"}`)
	}
	aws.DisableKey("AKIABOB0000000000000")
	aws.SetNewKeysUnknown(1)
	aws.AddKMSKey(awstest.KMSKey{Account: account, Region: "eu-west-1", ID: "1234abcd-12ab-34cd-56ef-1234567890ab", Alias: "alias/assumebot"})
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": aws.URL(), "AWS_ACCESS_KEY_ID": bot, "AWS_SECRET_ACCESS_KEY": secret, "AWS_REGION": "eu-west-1",
	} {
		ts.Setenv(name, value)
	}
}
