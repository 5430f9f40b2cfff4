// Package command is what a person types: the grammar of the commands, durations,
// and the answers to what it does not understand. Forms and buttons are read by
// the same readers. It is pure.
//
// No error of it holds a part of a code or of a private key, and what it repeats
// can neither format nor ping nor link.
package command
