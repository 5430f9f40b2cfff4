// Package cloudtrail reads the log files of AWS CloudTrail, as a trail delivers them: JSON,
// mostly in gzip, one object with a list of Records each. It reads them as a stream, in
// memory that does not depend on how large a file is, and trusts nothing of what they hold.
// It calls nobody.
//
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html
package cloudtrail
