// Package tree is the Merkle tree of the record (RFC 6962): its edge, tiles and proofs, and
// the checkpoints that are signed of it (C2SP tlog-tiles, tlog-checkpoint, tlog-proof). It
// is pure: what it reads is given to it, and none of that is trusted.
package tree
