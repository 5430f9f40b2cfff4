package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/secret"
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

// reseal is a resealing over a file, and what it has the store use.
func reseal(t *testing.T, b *wrapBench, first string) (r *resealing, write func(string), used func() string, tick func(time.Duration)) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "seal_keys")
	write = func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(first)
	getenv := func(name string) string { return map[string]string{"ASSUMEBOT_SEAL_KEYS_FILE": file}[name] }
	reader := settingsReader{getenv: getenv}
	s := Settings{RedisURL: secret.New("redis://x"), RecordKeys: []secret.Text{secret.New(recordKey)}}
	reader.keys(&s, true)
	u := newUnwrapper(b.client)
	s.RecordKeys = []secret.Text{secret.New(recordKey)}
	s, err := s.unwrapped(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), store.Options{URL: secret.New(store.Embedded), SealKeys: s.SealKeys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	now := time.Now()
	newest := ""
	use := func(keys []secret.Text) (string, error) {
		id, err := st.UseSealKeys(keys)
		if err == nil {
			newest = fmt.Sprint(len(keys), " ", id)
		}
		return id, err
	}
	r = newResealing(s, u, use, Environment{Getenv: getenv, Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(b.log, nil))})
	return r, write, func() string { return newest }, func(d time.Duration) { now = now.Add(d) }
}

func TestTheFileOfSealKeysCountsWithoutARestart(t *testing.T) {
	b := newWrapBench(t)
	first, second := b.sealKey(t, ourOrigin), b.sealKey(t, ourOrigin)
	r, write, used, tick := reseal(t, b, first)
	look := func() { r.poll(context.WithoutCancel(t.Context())) }
	asked := func() (n int) {
		for _, c := range b.aws.Calls() {
			if c.Action == "Decrypt" {
				n++
			}
		}
		return n
	}
	look()
	look()
	if used() != "" || asked() != 1 {
		t.Fatalf("got %q and %d calls, want nothing done about the same file", used(), asked())
	}
	write(first + "\n" + second + "\n")
	if look(); used() != "" {
		t.Error("a file is taken that was seen once, perhaps half")
	}
	if look(); !strings.HasPrefix(used(), "2 ") || asked() != 2 {
		t.Errorf("got %q and %d calls, want both keys, and KMS asked for the new one alone", used(), asked())
	}
	was := used()
	write(second + "\n" + first + "\n")
	look()
	if look(); !strings.HasPrefix(used(), "2 ") || used() == was || asked() != 2 {
		t.Errorf("got %q and %d calls, want that the second seals, and KMS not asked again", used(), asked())
	}
	was = used()
	for name, text := range map[string]string{
		"without the key that seals": b.sealKey(t, ourOrigin), "nothing": "", "no key": "canary",
		"a first key that other replicas lack": b.sealKey(t, ourOrigin) + "\n" + second + "\n" + first,
		"of another bot":                       b.sealKey(t, "example.com/other") + "\n" + second,
		"a key in clear":                       second + "\n" + first + "\n" + sealKey("clear"),
	} {
		b.log.Reset()
		write(text)
		look()
		look()
		look()
		if got := b.log.String(); used() != was || strings.Count(got, "are not used") != 1 || strings.Contains(got, "canary") {
			t.Errorf("%s: got %q and %q, want one line about it and the keys from before", name, used(), got)
		}
	}
	// KMS is away: it is asked again, not at each look.
	b.log.Reset()
	third := b.sealKey(t, ourOrigin)
	clear := b.aws.Inject(awstest.Fault{Action: "Decrypt", Error: &awstest.FaultError{Code: "ThrottlingException", Message: "Rate exceeded"}})
	write(second + "\n" + third + "\n" + first)
	look()
	look()
	n := asked()
	look()
	if used() != was || asked() != n || !strings.Contains(b.log.String(), "KMS has too many requests") {
		t.Errorf("got %q, %d calls more and %q, want the keys from before", used(), asked()-n, b.log.String())
	}
	clear()
	tick(unwrapAgain)
	if look(); !strings.HasPrefix(used(), "3 ") {
		t.Errorf("got %q, want all three once KMS answers", used())
	}
}
