// Package e2e tests assumebot as a whole: the bot, wired as the program wires
// it, over fakes of Slack and AWS that speak the real protocols. It holds tests
// alone.
package e2e
