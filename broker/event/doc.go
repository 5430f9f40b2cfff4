// Package event is what the audit record tells: Events, version 1, one struct for
// each kind. An Event says facts alone: codes, numbers, times, Slack IDs and names of
// the config. Whoever shows it makes the sentences. It holds no secret and no code.
//
// An Event is encoded once, as the leaf of a tree; whoever reads it hashes those bytes
// and never encodes it again. What a person wrote freely stands in the leaf as a digest
// only, and travels beside it (see Text), so that it can be erased.
package event
