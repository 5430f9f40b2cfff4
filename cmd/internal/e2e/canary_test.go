package e2e

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/store/storetest"
)

// recordKey signs the record of all tests on a real redis-server; it was made for them.
const recordKey = "PRIVATE+KEY+example.com/assumebot+2faaab4c+AcQI9d5h/urkQjQqbmme+RtvhqtCrgyVXh1ItXjUAH1C"

// realRedis are settings with a real redis-server and the keys for it.
func (w *world) realRedis() (app.Settings, string) {
	w.t.Helper()
	url := storetest.RealRedis(w.t)
	return w.settingsOn(url), url
}

// settingsOn are those with the Redis at url.
func (w *world) settingsOn(url string) app.Settings {
	s := w.settings()
	s.RedisURL = secret.New(url)
	s.SealKeys, s.RecordKeys = []secret.Text{storetest.KeyOne}, []secret.Text{secret.New(recordKey)}
	return s
}

// TestNoSecretLeaks runs everything with marked secrets, and then searches
// every log line, every post that others can see, the audit record, every key of a
// real Redis, the metrics and the traces for them, for the codes and for the issued credentials.
func TestNoSecretLeaks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	w.leads()
	w.watched()
	told := w.traced()
	w.run(strings.Replace(sessionConfig, "accounts:\n", vaultAccount, 1), settings)
	secrets := map[string]string{"alice's key": aliceSecret, "bob's key": bobSecret, "the bot's key": "CANARYbot00/secret",
		"bot token": w.slack.BotToken(), "app token": w.slack.AppToken(), "seal key": storetest.KeyOne.Reveal(), "record key": recordKey[len(recordKey)-43:]}
	var answers []slacktest.Message
	say := func(user string, device *awstest.Device, command, text string) {
		code := device.Code()
		secrets["code "+code] = code
		secrets["code "+code+" with its space"] = code[:3] + " " + code[3:]
		answers = append(answers, w.says(user, command, strings.ReplaceAll(text, "{}", code)))
	}
	step := func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.offset += 30 * time.Second
	}
	for _, f := range []string{"bash", "fish", "powershell", "cmd", "dotenv", "profile", "json"} {
		step()
		say("U01ALICE", w.alice, "/assume", "prod {} as "+f+" because INC-42")
	}
	say("U02BOB", w.bob, "/assume", "staging {}")
	say("U02BOB", w.bob, "/assume", "staging {}") // the same code again
	step()
	say("U02BOB", w.bob, "/buckets", "hub {}")
	say("U01ALICE", w.alice, "/buckets", "prod")
	say("U01ALICE", w.alice, "/assume", "whoami prod")
	step()
	say("U01ALICE", w.alice, "/mfa", "{} for 1h")
	say("U01ALICE", w.alice, "/mfa", "{} prod")
	say("U01ALICE", w.alice, "/assume", "staging")
	say("U01ALICE", w.alice, "/assume", "nowhere {}")
	say("U01ALICE", w.alice, "/assume", "prod{}")
	say("U01ALICE", w.alice, "/assume", "{}")
	say("U01ALICE", w.alice, "/assume", "prod {} nonsense")
	say("U01ALICE", w.alice, "/assume", "prod because {}")
	say("U03CAROL", w.alice, "/assume", "prod {}")
	say("U01ALICE", w.alice, "/assume", "vault {} because INC-42")
	step()
	quoting := &awstest.FaultError{Status: 400, Code: "ValidationError", Message: "Value '" + w.alice.Code() + "' at 'tokenCode' is bad"}
	w.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, Error: quoting})
	say("U01ALICE", w.alice, "/assume", "prod {}")
	step()
	w.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, LoseAnswer: true})
	say("U01ALICE", w.alice, "/assume", "prod {}")
	step()
	w.slack.Inject(slacktest.Fault{Method: "response_url", Status: 404, Times: 1})
	code := w.alice.Code()
	secrets["code "+code] = code
	w.command("U01ALICE", "/assume", "prod "+code)
	w.auditTells("Not shown")
	w.slack.Recycle(time.Millisecond)
	w.slack.Drop()
	w.await("new sockets", func() bool { return len(w.slack.Connections()) == 2 })

	for _, m := range answers {
		for _, snippet := range m.Preformatted() {
			for _, token := range strings.FieldsFunc(snippet, func(r rune) bool { return strings.ContainsRune("'\"=; \n", r) }) {
				if len(token) >= 40 {
					secrets["issued "+token[:8]] = token
				}
			}
		}
	}
	if len(secrets) < 20 {
		t.Fatalf("got %d secrets to search for, want those that were issued among them", len(secrets))
	}
	for _, d := range w.slack.Calls() {
		if d.Method == "response_url" {
			continue
		}
		data, err := json.Marshal(d.Params)
		if err != nil {
			t.Fatal(err)
		}
		searchFor(t, "a call of "+d.Method, string(data), secrets)
	}
	for _, m := range w.slack.Messages() {
		if m.Ephemeral {
			searchFor(t, "a fallback text", m.Fallback(), secrets)
			continue
		}
		searchFor(t, "a post", m.Text+string(m.Blocks), secrets)
	}
	urls := responseURLs(w)
	if len(urls) == 0 {
		t.Error("found no response_url to search for")
	}
	for key, value := range storetest.Dump(t, url) {
		searchFor(t, "the Redis key "+key, key+" "+value, secrets)
		searchFor(t, "the Redis key "+key, key+" "+value, urls)
	}
	searchFor(t, "the log", w.logs.String(), urls)
	traces := told().Raw()
	if !strings.Contains(traces, "attempt act") {
		t.Error("found no traces to search")
	}
	searchFor(t, "the traces", traces, urls)
	searchFor(t, "the traces", traces, secrets)
	searchFor(t, "the log", w.logs.String(), secrets)
	for _, path := range []string{"/metrics", "/readyz"} {
		_, shown := w.looksAt(path)
		searchFor(t, path, shown, secrets)
		searchFor(t, path, shown, urls)
	}
}

// responseURLs are the secrets in the URLs that Slack gave for answers.
func responseURLs(w *world) map[string]string {
	urls := map[string]string{}
	d := w.command("U01ALICE", "/assume", "help")
	w.await("help", func() bool { return len(w.private("U01ALICE")) > 0 })
	urls["response_url"] = d.ResponseURL[:strings.LastIndexByte(d.ResponseURL, '/')]
	return urls
}

// searchFor looks for secrets. A code within a longer number is none: the time of
// a line has nine digits that may hold one by chance.
func searchFor(t *testing.T, where, text string, secrets map[string]string) {
	t.Helper()
	for name, secret := range secrets {
		found := strings.Contains(text, secret)
		if found && strings.Trim(secret, "0123456789") == "" {
			found = regexp.MustCompile(`(^|\D)` + secret + `(\D|$)`).MatchString(text)
		}
		if found {
			t.Errorf("%s holds %s", where, name)
		}
	}
}

func TestReplicasShareCodesAndCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, _ := w.realRedis()
	for range 3 {
		w.run(worldConfig, settings)
	}
	code := w.alice.Code()
	const presses = 12
	before := len(w.private("U01ALICE"))
	for range presses {
		w.command("U01ALICE", "/assume", "prod "+code)
	}
	w.await("all answers", func() bool { return len(w.private("U01ALICE")) >= before+presses })
	granted := 0
	for _, m := range w.private("U01ALICE") {
		if len(m.Preformatted()) > 0 {
			granted++
		}
	}
	if granted != 1 || w.stsCalls("AssumeRole") != 1 {
		t.Errorf("got %d grants from %d calls to STS, want 1 from 1", granted, w.stsCalls("AssumeRole"))
	}
	for range 6 { // whichever replica it reaches
		wantText(t, w.says("U01ALICE", "/buckets", "prod"), "45 buckets in prod", "no new code needed")
	}
	posts := map[string]int{}
	for _, m := range w.audit(2) {
		posts[m.Plain()]++
	}
	for post, n := range posts {
		if n > 1 {
			t.Errorf("posted %d times: %s", n, post)
		}
	}
}

func TestAReplicaTakesOverTheAuditChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, _ := w.realRedis()
	first := w.run(worldConfig, settings)
	w.says("U01ALICE", "/assume", "open because one")
	w.auditTells("one")
	w.run(worldConfig, settings)
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	w.says("U01ALICE", "/assume", "open because two")
	w.auditTells("two")
	if got := len(w.slack.InChannel("C0AUDIT")); got != 2 {
		t.Errorf("got %d messages, want each event once", got)
	}
}

func TestNothingIsIssuedWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	redis := storetest.StartRedis(t)
	w.run(worldConfig, w.settingsOn(redis.URL))
	redis.Stop()
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	wantText(t, m, "store is not answering", "nothing was done", "Your code was not used", "Reference:")
	if got := len(w.aws.Calls()); got != 0 {
		t.Errorf("got %d calls to AWS, want none", got)
	}
}
