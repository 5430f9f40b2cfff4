// Package treetest is what the tests of the record compare a tree with: one that keeps
// every hash, and cosigners and a witness as the specifications say, which share no code
// with what they check.
package treetest
