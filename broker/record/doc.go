// Package record is the audit record: one log of Events for all replicas, which is
// a Merkle tree (RFC 6962), so that what was written once cannot be changed,
// removed or slipped in without being seen.
//
// The store gives the numbers and keeps the entries; it is not trusted. Whoever can
// write to it can write no Event, since each entry carries a MAC under a key that
// the store does not have. Every replica reads all entries in order, checks each and
// computes the tree by itself. The order of the numbers decides every race.
package record
