package main

import "fmt"

const usageText = `Usage: demo [-v] [--port N] | --serve | --gallery [--port N] | --drill PROGRAM

The whole bot against a fake Slack and a fake AWS, on a page in the browser and
in this terminal. It prints where the page is, and reads lines from a keyboard,
or a script from a pipe:

  printf '/assume prod {mfa}\n/buckets prod\n' | go run ./cmd/demo

Of a script the first line that fails ends it, and the exit code is 1.

With --serve it has no bot. It keeps the fakes up, says how to point a bot to
them, and types what people type: to rehearse an installation.

With --drill it has no bot either: it runs PROGRAM, an assumebot that was built,
beside the fakes, and has it drill with them (assumebot help drill).

With --gallery it shows every message of the bot in the browser, on a phone and
on a desktop. It needs a clone to run in.

`

const helpText = `A line is what alice does; @bob or @carol before it makes it theirs.

  /assume prod {mfa}      a slash command, typed in #general
  {mfa}                   the code that the person's device shows now
  {mfa:next}              the next one: all clocks move to where it begins
  codes                   what everybody's device shows now
  say TEXT, dm TEXT       write to #general, to the bot
  press LABEL, press N    press a button, by its label or its number; what it
                          asks first is answered in the same way
  choose OPTION           choose from a menu; its beginning will do
  fill FIELD VALUE        type into a field of the open window
  submit, cancel          end the open window
  home                    open the App Home
  {key}                   the age key of the person's shell, for /assume key
  aws alice s3 ls         in a shell, with the last credentials she was shown;
                          sts get-caller-identity works too
  sh TEXT                 type something else there, such as help
  wait 55m                move all clocks
  expect TEXT             fail unless TEXT was shown since the last line; waits
                          a few seconds for what comes by itself
  # TEXT                  a comment
  help, quit

At a terminal the arrow keys edit a line and bring earlier ones back, and long
lines of snippets are shortened. This shows and keeps them whole:

  go run ./cmd/demo | tee demo.txt

`

// banner says what this is and what to try first.
func (w *scene) banner() string {
	endpoint := w.AWS.URL()
	return fmt.Sprintf(`assumebot, the whole bot, with a fake Slack and a fake AWS.
Nothing of it is real, and nothing leaves this machine. In your browser:

  %s

or in this terminal, both at once:

  alice   may have prod, staging and hub, and vault if bob approves; she is on call
  bob     may have staging and hub; he approves for vault, and is an admin
  carol   is in the workspace, and the bot does not know her

  prod      role OnCall in 222222222222, a new code each time, up to 4h
  staging   role Developer in 333333333333; /assume revoke staging has AWS refuse what was issued
  vault     role Vault in 444444444444, with bob's approval and a reason
  hub       no role: the caller's own IAM user in 111111111111

What you type is what alice types; {mfa} becomes the code that her device shows.
Try one of these; help shows more, quit ends.

  /assume prod {mfa}
  /buckets prod
  /mfa {mfa:next}
  /assume staging
  @bob /assume prod {mfa}
  /assume vault for 30m because INC-1
  @bob press Approve
  @assumebot help

A snippet works in another terminal too, while this one runs (to have it whole,
pipe the output of the demo through tee; help shows how). Point AWS here:

  export AWS_ENDPOINT_URL=%s      for new AWS CLIs and SDKs
  aws --endpoint-url %s s3 ls     for Debian's awscli

`, w.page, endpoint, endpoint)
}
