// Package witness asks witnesses for their cosignatures of checkpoints (C2SP tlog-witness).
package witness
