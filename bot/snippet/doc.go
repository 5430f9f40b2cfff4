// Package snippet is what a person pastes: credentials in every format, quoted so
// that each shell and tool reads them back byte for byte, encrypted to the person's
// public key where there is one, and the reading of such keys.
//
// These invariants hold:
//
//   - Nothing is ever cut or replaced: what a format cannot say is refused.
//   - No error holds anything of credentials or of what was pasted as a key.
package snippet
