// Package due does what is to be done later, on whichever replica is there by
// then: reminders, deletions, posts about approvals, answers owed.
//
// One replica at a time works a list off, unless it is shared, and each entry is
// taken before it is worked on, which fences it. An entry leaves the list only
// after it was worked on, so a replica that dies in between leaves it to be worked
// on again; only then is anything done twice.
//
// What an entry says is bounded where it is read. Whatever goes wrong with one
// harms no other: a panic is logged with its stack, and an entry that nobody can
// work on is told once and set aside.
package due
