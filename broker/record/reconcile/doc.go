// Package reconcile holds the record against what AWS's CloudTrail says: which calls of
// configured IAM users the bot did not make, which Grants CloudTrail lacks, and what each
// Grant was used for.
//
// The record is read first, then each event of CloudTrail once, in any order. Memory grows
// with the Grants of the time in question and not with the events: what is not explained is
// counted in tallies, of which there are at most so many, and the rest in coarser ones. So
// nothing that an attacker can do in plenty hides what else was done.
//
// What joins the two is AWS's own: the request ID of a call of STS, and the access key ID
// that it issued. Names, addresses and agents, which a caller may choose, only ever turn an
// alarm into a note where the record itself says that an answer of AWS was lost, or where the
// call gives nobody anything.
package reconcile
