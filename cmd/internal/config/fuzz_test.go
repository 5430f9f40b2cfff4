package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// lineBreaks are those that YAML 1.1 counts.
var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

func FuzzParseConfig(f *testing.F) {
	whole, err := os.ReadFile(filepath.Join("testdata", "whole.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		string(whole), "", "\ufeff", "a: &a [*a]\n", "<<: {a: b}\n", "? [x]\n: y\n", "users:\n- \n", "slack: {workspaces: [*", "a: !!binary x\n",
		goodSlack + goodUsers + goodAccount, account(roleAccount + "duration: {default: 9999999h}"), "a: 'x\n\n\n", "---\n---\n", "%YAML 1.1\n---\n", "- - - -\n",
	} {
		f.Add(seed)
	}
	dir := files{"readonly.json": `{"Statement": []}`}
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := parse(text, dir)
		if err == nil {
			if cfg.Broker.Users.Len() == 0 || cfg.Broker.Accounts.Len() == 0 || len(cfg.Broker.Workspaces) == 0 {
				t.Errorf("took a file that grants nothing: %+v", cfg)
			}
			return
		}
		var problems Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("error: got %#v, want Problems", err)
		}
		lines := strings.Split(lineBreaks.Replace(strings.TrimPrefix(text, "\ufeff")), "\n")
		for _, p := range problems {
			if p.Line == 0 && len(text) > maxConfigBytes {
				continue
			}
			// One past the end is where a value that is not there would stand.
			if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > utf8.RuneCountInString(lines[p.Line-1])+1 {
				t.Errorf("position outside the file: %v", p)
			}
			if p.Message == "" || p.File != "config.yaml" {
				t.Errorf("problem says nothing: %+v", p)
			}
		}
	})
}
