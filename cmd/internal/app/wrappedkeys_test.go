package app

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store"
)

// wrapBench is a key of KMS, and who may use it.
type wrapBench struct {
	aws    *awstest.Server
	client *awsapi.Client
	by     *Wrapper
	log    *strings.Builder
}

var botsKey = awstest.KMSKey{Account: "111111111111", Region: "eu-west-1", ID: "1234abcd-12ab-34cd-56ef-1234567890ab", Alias: "alias/assumebot"}

const ourOrigin = "example.com/assumebot"

func newWrapBench(t *testing.T) *wrapBench {
	t.Helper()
	aws, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	aws.AddUser(awstest.User{Account: "111111111111", Name: "assumebot", AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: "bot-secret"})
	aws.AddKMSKey(botsKey)
	key := secret.Credentials{AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: secret.New("bot-secret")}
	client := awsapi.NewAt(awsapi.Place{Endpoint: aws.URL(), Key: key}, "eu-west-1", func(string) string { return "" }, time.Now)
	return &wrapBench{aws: aws, client: client, by: &Wrapper{client, botsKey.Alias}, log: &strings.Builder{}}
}

func (b *wrapBench) sealKey(t *testing.T, origin string) string {
	t.Helper()
	line, err := b.by.NewSealKey(t.Context(), origin)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func (b *wrapBench) wrapped(t *testing.T) Settings {
	t.Helper()
	record, err := b.by.RecordKey(t.Context(), secret.New(recordKey))
	if err != nil {
		t.Fatal(err)
	}
	s, err := read(map[string]string{"ASSUMEBOT_SEAL_KEYS": b.sealKey(t, ourOrigin) + "," + sealKey("clear"), "ASSUMEBOT_RECORD_KEY": "# comment\n" + record})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSettingsAreNoKeysUntilKMSHasOpenedThem(t *testing.T) {
	b := newWrapBench(t)
	s := b.wrapped(t)
	if _, err := s.RecordSigner(); err == nil {
		t.Error("a wrapped key signs")
	}
	if _, err := store.Open(t.Context(), store.Options{URL: secret.New(store.Embedded), SealKeys: s.SealKeys}); err == nil {
		t.Error("a wrapped key seals")
	}
	u := newUnwrapper(b.client)
	opened, err := s.unwrapped(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	if got := opened.RecordKeys[0].Reveal(); got != recordKey {
		t.Errorf("got %q, want the record key", got)
	}
	if opened.SealKeys[1].Reveal() != sealKey("clear") || opened.wrapsAny() {
		t.Error("a key in clear is another, or one is still wrapped")
	}
	st, err := store.Open(t.Context(), store.Options{URL: secret.New(store.Embedded), SealKeys: opened.SealKeys})
	if err != nil {
		t.Fatal(err)
	}
	_ = st.Close()

	asked := len(b.aws.Calls())
	if _, err := s.unwrapped(t.Context(), u); err != nil || len(b.aws.Calls()) != asked {
		t.Errorf("got %v and %d more calls, want what is in memory", err, len(b.aws.Calls())-asked)
	}
}

func TestAWrappedKeyServesOnlyWhatItWasWrappedFor(t *testing.T) {
	b := newWrapBench(t)
	s := b.wrapped(t)
	seal, record := s.SealKeys[0].Reveal(), s.RecordKeys[0].Reveal()
	for name, c := range map[string]struct {
		seal, record, says string
	}{
		"a record key to seal":   {record, record, "ASSUMEBOT_SEAL_KEYS: key 1 was wrapped as a key to sign the record with"},
		"a seal key to sign":     {seal, seal, "ASSUMEBOT_RECORD_KEY: key 1 was wrapped as a key to seal with"},
		"an alias":               {"awskms:///alias/assumebot#QQ==", record, "ASSUMEBOT_SEAL_KEYS: key 1 does not name its key of KMS by an ARN"},
		"with no purpose":        {strings.ReplaceAll(seal, "assumebot:purpose=seal", "a=b"), record, "is not bound to its purpose"},
		"of two records":         {seal, record + "," + strings.Replace(record, ourOrigin, "example.com/other", 1), "key 2 is of the record example.com/other"},
		"the same twice to sign": {seal, record + "," + record, "key 2 came before already"},
	} {
		_, err := read(map[string]string{"ASSUMEBOT_SEAL_KEYS": c.seal, "ASSUMEBOT_RECORD_KEY": c.record})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
	for name, c := range map[string]struct {
		seal, says string
		asks       int
	}{
		"of another bot":          {b.sealKey(t, "example.com/other"), "was wrapped for the record example.com/other, and this one is " + ourOrigin, 0},
		"relabelled to this bot":  {strings.Replace(b.sealKey(t, "example.com/other"), "example.com/other", ourOrigin, 1), "KMS does not open what was wrapped", 1},
		"a record key relabelled": {strings.Replace(record, "purpose=record", "purpose=seal", 1), "KMS does not open what was wrapped", 1},
		"the same twice":          {seal + "\n" + seal, "key 2 came before already", 1},
	} {
		calls := len(b.aws.Calls())
		s, err := read(map[string]string{"ASSUMEBOT_SEAL_KEYS": c.seal, "ASSUMEBOT_RECORD_KEY": recordKey})
		if err != nil {
			t.Fatal(name, err)
		}
		_, err = s.unwrapped(t.Context(), newUnwrapper(b.client))
		if err == nil || !strings.Contains(err.Error(), c.says) || len(b.aws.Calls())-calls != c.asks {
			t.Errorf("%s: got %v after %d calls, want %q after %d", name, err, len(b.aws.Calls())-calls, c.says, c.asks)
		}
	}
	weak, err := b.client.Wrap(t.Context(), botsKey.Alias, wrapContext(purposeSeal, ourOrigin), secret.New(strings.Repeat("x", 32)))
	if err != nil {
		t.Fatal(err)
	}
	s.SealKeys = []secret.Text{secret.New(weak.String())}
	if _, err := s.unwrapped(t.Context(), newUnwrapper(b.client)); err == nil || !strings.Contains(err.Error(), "no seal key of 32 random bytes") {
		t.Errorf("got %v, want a refusal of a weak key", err)
	}
}

func TestAStartWaitsForKMSButNotForWhatAPersonMustMend(t *testing.T) {
	b := newWrapBench(t)
	s := b.wrapped(t)
	log := slog.New(slog.NewTextHandler(b.log, nil))
	// Three tries are one call: the first call fails, and the next succeeds.
	b.aws.Inject(awstest.Fault{Action: "Decrypt", Times: 3, Error: &awstest.FaultError{Code: "ThrottlingException", Message: "Rate exceeded"}})
	if _, err := s.untilUnwrapped(t.Context(), newUnwrapper(b.client), log); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"waiting for KMS", "KMS has too many requests", "wrapped=2 keys=3"} {
		if got := b.log.String(); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
	b.aws.SetKMSKeyState(botsKey.ARN(), awstest.KMSDisabled)
	_, err := s.untilUnwrapped(t.Context(), newUnwrapper(b.client), log)
	var setup *SetupError
	if !errors.As(err, &setup) || !strings.Contains(err.Error(), "ASSUMEBOT_RECORD_KEY: key 1: the key "+botsKey.ARN()+" of KMS is disabled: enable it") {
		t.Errorf("got %v, want what a person must mend", err)
	}
	if strings.Contains(b.log.String(), recordKey) || strings.Contains(b.log.String(), "#") {
		t.Error("the log has a key, wrapped or not")
	}
}

func TestKeysInClearAreWrappedAsTheyAre(t *testing.T) {
	b := newWrapBench(t)
	lines, err := b.by.SealKeys(t.Context(), sealKey("one")+"\n"+sealKey("two")+"\n", ourOrigin)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.by.SealKeys(t.Context(), strings.Join(lines, "\n"), ourOrigin)
	if err != nil || strings.Join(again, ",") != strings.Join(lines, ",") {
		t.Errorf("got %v, %v, want those that are wrapped as they are", again, err)
	}
	opened, err := newUnwrapper(b.client).sealKeys(t.Context(), []secret.Text{secret.New(lines[0]), secret.New(lines[1])}, ourOrigin)
	if err != nil || opened[0].Reveal() != sealKey("one") || opened[1].Reveal() != sealKey("two") {
		t.Errorf("got %v, want the same keys in the same order", err)
	}
	if _, err := b.by.RecordKeys(t.Context(), recordKey, "example.com/other"); err == nil {
		t.Error("a key of another record is wrapped for this one")
	}
}

// TestKeysInClearAreRefusedWhereTheConfigSaysSo, at the start and when the config is read again, and nobody is asked.
func TestKeysInClearAreRefusedWhereTheConfigSaysSo(t *testing.T) {
	b := newWrapBench(t)
	mixed := b.wrapped(t) // its second seal key is in clear
	required := config.Config{WrappedKeys: true}
	clear, err := read(nil)
	if err != nil {
		t.Fatal(err)
	}
	all, none := mixed, mixed
	all.SealKeys = mixed.SealKeys[:1]
	none.SealKeys, none.RecordKeys, none.RedisURL = nil, nil, secret.New(Embedded)
	const seal, record = "ASSUMEBOT_SEAL_KEYS: key %d stands in clear, and the config has wrapped_keys: required: wrap it with `assumebot keygen --kms",
		"ASSUMEBOT_RECORD_KEY: key 1 stands in clear"
	for name, c := range map[string]struct {
		s    Settings
		says []string
	}{
		"both in clear": {clear, []string{fmt.Sprintf(seal, 1), record}},
		"one in clear":  {mixed, []string{fmt.Sprintf(seal, 2)}},
		"all wrapped":   {all, nil},
		"none at all":   {none, nil},
	} {
		if err := c.s.CheckConfig(config.Config{}); err != nil {
			t.Errorf("%s: got %v, want nothing refused where nothing is required", name, err)
		}
		opened, err := c.s.unwrapped(t.Context(), newUnwrapper(b.client))
		if err != nil {
			t.Fatal(err)
		}
		// A config that is read again is judged by what the keys were.
		for when, s := range map[string]Settings{
			"at the start": c.s, "later": opened, "without the keys": opened.withoutSealKeys(), "never opened": c.s.withoutSealKeys(),
		} {
			got := errorText(s.CheckConfig(required))
			for _, want := range c.says {
				if !strings.Contains(got, want) {
					t.Errorf("%s, %s: got %q, want %q in it", name, when, got, want)
				}
			}
			if len(c.says) == 0 && got != "" || strings.Contains(got, canary) || strings.Contains(got, sealKey("clear")) {
				t.Errorf("%s, %s: got %q", name, when, got)
			}
		}
	}
	asked := len(b.aws.Calls())
	_, err = New(t.Context(), required, mixed, Environment{Getenv: func(string) string { return "" }, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if setup := (*SetupError)(nil); !errors.As(err, &setup) || !strings.Contains(err.Error(), "key 2 stands in clear") || len(b.aws.Calls()) != asked {
		t.Errorf("got %v, want that the start ends before KMS is asked", err)
	}
}
