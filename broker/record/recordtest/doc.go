// Package recordtest is a store of the record in memory, which tests can tamper with, and
// what they write there.
package recordtest
