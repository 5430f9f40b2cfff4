// Package broker is assumebot's domain: it decides whether a User may have an
// Account, has AWS STS asked with the User's own long-term key and MFA code, and
// keeps the audit record honest about it.
//
// It knows nothing of Slack, Redis or the AWS SDK. What it needs from them it
// declares as small interfaces (ports.go, aws.go). These invariants hold:
//
//   - No credential exists before the intent to issue it is on the record, and
//     none leaves the package before its outcome is.
//   - An MFA code goes into at most one STS call, and that call is never
//     retried: a code works once per device, so a retry after a lost answer
//     would spend it for nothing and hide that the first call succeeded.
//   - Whatever cannot be decided is refused.
//   - Secrets are held in a secret.Text, which redacts itself everywhere but in
//     its Reveal.
package broker
