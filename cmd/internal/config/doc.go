// Package config is the config file: what it may say, what is wrong with it and
// where, and what differs between two of them.
//
// Reading reaches no network and needs no secret, and reports every problem in one
// go, so that a person mends a file once. No message repeats what may be a secret.
package config
