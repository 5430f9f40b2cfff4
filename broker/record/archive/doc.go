// Package archive is the copy of the record outside of the store: what keeps its objects, and
// what is read of them.
package archive
