// Package telemetry shows how the bot does to those who run it. It exports traces (traces.go),
// and serves on a listener of its own:
//
//	/metrics  for Prometheus
//	/healthz  200 while the process lives
//	/readyz   200 while it serves, else 503 and what is missing
//	/debug/pprof/  profiles, where they were asked for
//
// The bot tells it what happens through [watch.Watcher], and is asked how it is when somebody
// looks. Nothing that it shows is secret: it has no IDs, no names of accounts and no texts.
// Whoever can reach the listener can read it, so it listens on this machine alone unless
// another address is written out.
package telemetry
