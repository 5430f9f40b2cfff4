package reconcile

// ReadAtMost is Read with another bound than MaxGrants.
var ReadAtMost = readAtMost
