// Package lab is what a load test runs in: the two fakes in this process, and the bot,
// its Redis and the bare loop as processes of their own, so that what each costs is
// read from /proc.
package lab
