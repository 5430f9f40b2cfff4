// Package awsapi is AWS behind the ports of broker and of its record: STS, S3, IAM,
// console sign-in and the long-term keys of IAM users. It alone imports the AWS SDK, and it alone
// knows what AWS says: each refusal is translated once, beside the call, into a
// [broker.Error] whose Use says what became of the MFA code. These hold:
//
//   - Nothing that carries a code is retried ([Client.Issue]).
//   - What became of a code is decided by how far the call came, not by the kind of
//     an error (sending.go).
//   - Codes and credentials go to AWS's hosts or to this machine, and nowhere else
//     (endpoints.go).
//   - No error repeats what was sent (upstream.go).
package awsapi
