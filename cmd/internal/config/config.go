package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/assumebot/assumebot/broker"
	"go.yaml.in/yaml/v3"
)

// Config is the config file, read and found right.
type Config struct {
	Slack    SlackConfig
	Broker   broker.Config
	Reminder time.Duration // how long before the end of a Grant the person is reminded; 0: never
	Warnings Problems      // what is allowed but should be said aloud, such as an Account without MFA
}

// minRevealWindow is the shortest in which a person who lost the reply can
// still ask for it again.
const minRevealWindow = time.Minute

// maxContact keeps the sentence that it is part of within one line of a phone.
const maxContact = 200

// Load reads the config file at path and the files it names. The error
// is [Problems]: everything that is wrong, in one go.
func Load(path string) (Config, error) {
	r := Read(path)
	return r.Config, r.Err()
}

// Parse reads data as a config file that messages call file. A file that
// it names is read by readFile, to which the name goes as it is written. The
// error is [Problems].
func Parse(file string, data []byte, readFile func(name string) ([]byte, error)) (Config, error) {
	d := &draft{collector: &collector{file: file}, readFile: readFile}
	if root := parseDocument(d.collector, data); root != nil {
		d.readRoot(root)
		d.checkTogether()
	}
	if err := d.err(); err != nil {
		return Config{}, err
	}
	d.warn()
	sortByPosition(d.warnings)
	d.config.Warnings = d.warnings
	return d.config, nil
}

// A draft is a config file half read: what it says, and where.
type draft struct {
	*collector
	readFile func(name string) ([]byte, error)
	config   Config
	users    []userDraft
	accounts []accountDraft

	mfaSessionAt pos
	groupsAt     pos
	delivery     deliveryDraft // of the file; an account may have its own
}

func (d *draft) readRoot(root *yaml.Node) {
	s, _ := newSection(d.collector, root, "the file", "slack", "contact", "reveal_window", "mfa_session", "signin_endpoint", "users", "groups", "accounts", "reminder", "delivery", "dm_ttl", "admins", "limits")
	d.config.Broker.RevealWindow = broker.DefaultRevealWindow
	if v := s.duration("reveal_window"); v.ok {
		if v.v < minRevealWindow || v.v > broker.MaxRevealWindow {
			d.problem(v.pos, "reveal_window is %s: write between 1m and 1h", broker.FormatDuration(v.v))
		}
		d.config.Broker.RevealWindow = v.v
	}
	if v := s.text("contact"); v.ok {
		if n := len([]rune(v.v)); n > maxContact {
			d.problem(v.pos, "contact has %d characters: at most %d, such as \"#help-aws\"", n, maxContact)
		}
		d.config.Broker.Contact = v.v
	}
	d.readMFASession(s)
	d.readReminder(s)
	d.delivery = d.readDelivery(s)
	d.readSigninEndpoint(s)
	d.readSlack(s)
	d.readGroups(s)
	d.readAdmins(s)
	d.readLimits(s)
	if s.require("users", "who may use the bot") {
		d.readUsers(s)
	}
	if s.require("accounts", "what may be had") {
		d.readAccounts(s)
	}
}

// checkSize reports a list without entries.
func (d *draft) checkSize(s section, key, hint string) {
	if n := s.values[key]; n != nil && n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		d.problem(position(n), "%s is empty: %s", key, hint)
	}
}

// readFile reads at most limit+1 bytes, so that the caller can tell that there
// were more.
func readFile(path string, limit int64) ([]byte, error) {
	// Not to wait for whoever writes to a named pipe.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// Reason is why a file could not be read, without its path, which the message
// has already.
func Reason(err error) string {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
