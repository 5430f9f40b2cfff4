//go:build !race

package storetest

// raced says that the race detector slows all down.
const raced = false
