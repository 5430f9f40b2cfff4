// Package audit reads a record that others wrote, wherever it is: it verifies, proves and
// exports it, and says what is wrong. It trusts public keys alone, and needs no Log.
package audit
