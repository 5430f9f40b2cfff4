// Package doctest holds README.md and deploy/docs to what is so, by tests alone:
// each fenced block is run, played or read by whoever it is meant for, each link
// leads somewhere, and each test that a guide names is there.
//
// The info string of a block says who reads it:
//
//	sh        a shell, in the order of the guide; the commands must succeed
//	console   either a shell session, "$ " before each command, or what people do in
//	          the demo, "> " before each line; what follows is the output, in a shell
//	          with "(exit code N)" at its end where that is not 0
//	slack     what people type: the bot's own grammar reads it, and each command in a table
//	yaml      the config file, or a part of it
//	redis     values of REDIS_URL
//
// In output a line of "…" alone stands for any lines, and what is new each time (codes,
// keys, dates, IDs) is masked on both sides. Line breaks count as spaces. A command that cannot
// run here stands in the list of shell_test.go, with the reason, and its block says
// "sh untested". A block of another kind fails: nobody would read it.
package doctest
