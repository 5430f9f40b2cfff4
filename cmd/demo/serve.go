package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/assumebot/assumebot/cmd/demo/web"
	"github.com/assumebot/assumebot/cmd/demo/world"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// With --serve the demo has no bot: it keeps the fakes up for one that is started
// as it would be in earnest, and types what people type. Time is real then.

// serve keeps the fakes up until ctx ends or somebody quits. The end of stdin ends
// the typing alone.
func serve(ctx context.Context, stdin io.Reader, stdout io.Writer, port int) (err error) {
	w, dir, end, err := newSceneWithFiles() //nolint:contextcheck // it ends what ctx must not end
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	page, err := web.Listen(w.World, port, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	w.page = page.URL()
	closePage := beside(ctx, page.Run)
	defer func() { err = errors.Join(err, closePage()) }()
	t := newTerminal(w, stdin, stdout, lateness)
	t.script = false // whoever types, a mistake does not end it
	t.stays = true
	if canEdit(stdin, stdout) {
		restore, editErr := t.edit(stdin.(*os.File), stdout.(*os.File))
		if editErr != nil {
			return editErr
		}
		defer func() { err = errors.Join(err, restore()) }()
	}
	banner, err := w.serveBanner(dir)
	if err != nil {
		return err
	}
	return t.serve(ctx, banner)
}

const (
	environmentFile = "environment"
	configFile      = "assumebot.yaml"
)

// newSceneWithFiles starts the fakes for a program of its own, and writes what that needs into
// dir; end takes both away.
func newSceneWithFiles() (w *scene, dir string, end func() error, err error) {
	if w, err = newScene(); err != nil {
		return nil, "", nil, err
	}
	if dir, err = w.writeFiles(); err != nil {
		return nil, "", nil, errors.Join(err, w.Close())
	}
	return w, dir, func() error { return errors.Join(os.RemoveAll(dir), w.Close()) }, nil
}

// writeFiles writes the config and the environment into a directory of their own.
func (w *scene) writeFiles() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "assumebot-demo-"); err != nil {
		return "", err
	}
	for name, data := range map[string][]byte{
		configFile:      w.Config(world.ConfigFile),
		environmentFile: []byte(w.environment(dir)),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return "", errors.Join(err, os.RemoveAll(dir))
		}
	}
	return dir, nil
}

// environment is what a shell needs for `assumebot run`, as lines to paste.
func (w *scene) environment(dir string) string {
	var out strings.Builder
	out.WriteString("unset " + strings.Join(world.Unset(), " ") + "\n")
	for _, s := range append(w.Environment(), world.Setting{Name: "ASSUMEBOT_CONFIG", Value: filepath.Join(dir, configFile)}) {
		fmt.Fprintf(&out, "export %s=%s\n", s.Name, quoted(s.Value))
	}
	return out.String()
}

// quoted is text as a shell takes it for one word.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// serveBanner says what runs here, and how to point a bot to it.
func (w *scene) serveBanner(dir string) (string, error) {
	ids, err := w.identifiers()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`A fake Slack and a fake AWS, to rehearse the installation of assumebot with.
Nothing of it is real, and nothing leaves this machine. They end with this program.

1. In another terminal paste the lines below, or have them read from their file:

  . %s

%s
2. There, at the top of the source, build the bot, check the config and what it needs, and start it:

  go build ./cmd/assumebot
  ./assumebot check
  ./assumebot check --live
  ./assumebot run

For a config of your own: ./assumebot init, then --config assumebot.yaml (install.md, step 4).

3. Be alice, bob and carol on the page, or type here what they type; help shows the
   words, codes what their devices show:

  %s

  /assume prod {mfa}
  aws alice sts get-caller-identity

What ./assumebot init asks for:

%s
`, quoted(filepath.Join(dir, environmentFile)), w.environment(dir), w.page, ids), nil
}

// identifiers are the names of everything that a config refers to.
func (w *scene) identifiers() (string, error) {
	cfg, err := config.Parse("demo.yaml", world.ConfigFile, os.ReadFile)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	tab := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	line := func(what, id string) { _, _ = fmt.Fprintf(tab, "  %s\t%s\n", what, id) } // Flush tells of errors
	line("workspace", world.Team)
	for _, channel := range []string{world.General, world.Audit} {
		line(world.ChannelName(channel), channel)
	}
	line("@oncall", world.OnCall)
	for _, p := range w.people {
		line(p.Name, p.ID)
	}
	for _, p := range w.people {
		if p.Device != nil {
			line("IAM user of "+p.Name, p.IAMUser)
			line("their MFA device", p.Device.Serial())
		}
	}
	for a := range cfg.Broker.Accounts.All() {
		if a.HasRole() {
			line("role of "+a.Name, string(a.RoleARN))
		}
		if a.ExternalID != "" {
			line("its external ID", a.ExternalID)
		}
		if a.Revoker != "" {
			line("its revoker", string(a.Revoker))
		}
	}
	line("the bot runs as", world.BotIdentity())
	line("keys of alice", "env ALICE: in the environment")
	line("keys of bob", "secret assumebot/bob: in Secrets Manager")
	err = tab.Flush()
	return out.String(), err
}
