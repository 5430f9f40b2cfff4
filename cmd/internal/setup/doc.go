// Package setup makes what a first deployment needs of a few answers: a config that
// passes check, the manifest of the Slack app, and the IAM policies of deploy/iam with
// the names and numbers filled in. It makes no key and holds no secret but an external
// ID, which is none to AWS.
package setup
