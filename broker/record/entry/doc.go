// Package entry is what the store keeps of the record's entries: how one is sealed by its
// writer and checked by whoever reads it, and the view that a reader has of all so far.
package entry
