// Package app is what the programs under cmd share: it reads and validates the
// config file and the environment, and connects store, broker and bot.
//
// Reading is pure: [LoadConfig] and [ReadSettings] start nothing and reach no
// network, and each reports every problem in one go, so that a person mends a
// file once. No error of this package holds the value of a secret.
package app
