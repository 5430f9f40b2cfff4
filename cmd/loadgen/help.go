package main

const usageText = `Usage: loadgen table [--only NAME[,NAME]] [--long] [--for D] [--times N] [--json] [--bot PATH] [--redis URL]
       loadgen run [--text TEXT] [--rate N --for D | --at-once N --count N | --burst N] [flags]

Measures the bot from outside: the real program, a real redis-server (appendfsync
always), and in this process a Slack and an AWS that cost little. table prints the
goals of speed and memory beside what is measured, with a mark each, and beside a
bare loop on slack-go where a goal is a ratio: the two take turns. run is one load
of your own; run --help shows its flags.

  go run ./cmd/loadgen table --only burst
  go run ./cmd/loadgen table --only soak --for 10m
  go run ./cmd/loadgen run --text help --rate 200 --for 10s --sts 50ms
  go run ./cmd/loadgen run --text '{account} {code}' --at-once 50 --count 2000

Commands arrive on a schedule, or with --at-once when the one before is answered.
Times count from when a command was due, so that no delay is left out.

The Slack here checks tokens, that a response_url is its own and takes five posts,
and that an acknowledgement names an envelope. The AWS here checks that a call is
signed by some key and that codes have six digits. Neither checks more: bot/slacktest
and broker/awstest do what the real ones do, and are too slow to stand beside.

`
