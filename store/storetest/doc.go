// Package storetest holds one suite that every kind of Redis must pass, the
// servers to run it against, and a dump of all that a Redis holds, for tests that
// search it for secrets.
package storetest
