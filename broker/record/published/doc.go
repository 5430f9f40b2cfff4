// Package published is what whoever signs checkpoints keeps in the store beside the entries.
package published
