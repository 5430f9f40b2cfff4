package doctest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
)

// keepARecord leaves the terminal what the guides to the record take for granted: the
// settings of a bot that has issued something, its config.yaml, and its archive. It was stopped in order, so all is signed and archived.
func (term *terminal) keepARecord() {
	term.t.Helper()
	redis := miniredis.RunT(term.t)
	fakes := term.serve()
	for _, command := range []string{
		". /tmp/assumebot-demo-1/environment",
		"export REDIS_URL=redis://" + redis.Addr(),
		"assumebot keygen >seal_keys",
		"assumebot keygen record example.com/assumebot >record_key",
		"export ASSUMEBOT_SEAL_KEYS_FILE=$PWD/seal_keys ASSUMEBOT_RECORD_KEY_FILE=$PWD/record_key",
		"unset ASSUMEBOT_SEAL_KEYS ASSUMEBOT_RECORD_KEY",
		"mkdir archive && { cat $ASSUMEBOT_CONFIG; echo 'record: {archive: archive}'; } >config.yaml",
		"export ASSUMEBOT_CONFIG=$PWD/config.yaml",
	} {
		if out, code := term.run(command); code != 0 {
			term.t.Fatalf("%s: got exit code %d and:\n%s", command, code, out)
		}
	}
	public, err := os.ReadFile(filepath.Join(term.dir, "record_key"))
	if err != nil {
		term.t.Fatal(err)
	}
	term.examples = append(term.examples, example{regexp.MustCompile(`example\.com/assumebot\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+`), publicKey(term.t, string(public))})
	bot := term.start("assumebot run")
	bot.after(0, "ready: people are served")
	fakes.plays(block{text: "> /assume prod {mfa} because INC-42 failover\n…\n[alice, only you]\n…\n[#aws-audit]\n"})
	bot.stop()
}

// publicKey is that of a file that keygen wrote.
func publicKey(t *testing.T, file string) string {
	t.Helper()
	for _, word := range strings.Fields(file) {
		if strings.HasPrefix(word, "example.com/assumebot+") {
			return word
		}
	}
	t.Fatalf("got no public key in:\n%s", file)
	return ""
}
