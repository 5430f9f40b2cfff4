package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/cmd/internal/setup"
)

// at is an asker at a terminal at which these lines are typed.
func at(out *bytes.Buffer, typed ...string) *asker {
	lines := make(chan string, len(typed))
	for _, l := range typed {
		lines <- l
	}
	close(lines)
	return &asker{cmd: &cobra.Command{Use: "init"}, lines: lines, out: out, terminal: true, told: map[string]bool{}}
}

func TestAWrongAnswerIsAskedAgainAtATerminal(t *testing.T) {
	var out bytes.Buffer
	var a setup.Answers
	k := at(&out, "acme", "", "T0999", "#audit", "C0999", "u0999", "U0999", "erin", "arn:aws:iam::999999999999:user/erin", "", "", "help", "prod",
		"arn:aws:iam::888888888888:role/Deploy", "7", "7f3c91d2", "eu-wset-1", "", "arn:aws:iam::888888888888:role/Deploy", "")
	if err := k.all(t.Context(), &a, nil); err != nil {
		t.Fatal(err)
	}
	if err := a.Fill(); err != nil {
		t.Fatal(err)
	}
	want := setup.Answers{
		Workspace: "T0999", Channel: "C0999", SlackUser: "U0999", IAMUser: "arn:aws:iam::999999999999:user/erin",
		MFASerial: "arn:aws:iam::999999999999:mfa/erin", Key: "secret assumebot/erin", Account: "prod",
		Role: "arn:aws:iam::888888888888:role/Deploy", ExternalID: "7f3c91d2", Region: "eu-wset-1", Allow: "U0999",
	}
	if a != want {
		t.Errorf("answers:\ngot  %+v\nwant %+v", a, want)
	}
	for _, said := range []string{
		"Nothing", `"acme" is not a workspace ID`, "no answer by itself", "bottom of About", "write U0999", "not the ARN of an IAM user",
		"[arn:aws:iam::999999999999:mfa/erin]", "[secret assumebot/erin]", "a word of the commands", "did you mean eu-west-1?", "the account's own role",
	} {
		if !strings.Contains(strings.ToLower(out.String()), strings.ToLower(said)) {
			t.Errorf("asked: want %q in it:\n%s", said, out.String())
		}
	}
	if strings.Count(out.String(), "did you mean eu-west-1?") != 1 {
		t.Error("a warning is said more than once")
	}
}

func TestStoppedQuestionsWriteNothing(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	k := at(&bytes.Buffer{})
	k.lines = make(chan string) // nobody types
	if err := k.all(ctx, &setup.Answers{}, nil); !errors.Is(err, errStopped) {
		t.Errorf("interrupted: got %v, want %v", err, errStopped)
	}
	if err := at(&bytes.Buffer{}, "T0999").all(t.Context(), &setup.Answers{}, nil); !errors.Is(err, errStopped) {
		t.Errorf("end of input: got %v, want %v", err, errStopped)
	}
}
