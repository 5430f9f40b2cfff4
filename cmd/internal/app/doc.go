// Package app is what the programs under cmd share: it reads the environment,
// connects store, broker and bot, and has them go by a config file that changes.
//
// [ReadSettings] is pure: it starts nothing and reaches no network, and reports
// every problem in one go. No error of this package holds the value of a secret.
package app
