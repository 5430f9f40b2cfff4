package broker

// Every kind of refusal and failure. What the person is told for each is where
// it arises: policy in policy.go, what AWS says in awsapi, and so on.
const (
	// Refused before anything was asked of AWS.
	CodeGrammar        Code = "grammar"
	CodeNotUser        Code = "not_a_user"
	CodeWorkspace      Code = "foreign_workspace"
	CodeUnknownAccount Code = "unknown_account"
	CodeNotAllowed     Code = "not_allowed"
	CodeDirectory      Code = "membership_unknown"
	CodeNotAMember     Code = "not_a_member"
	CodeHours          Code = "outside_hours"
	CodeChannel        Code = "wrong_channel"
	CodeReason         Code = "reason_needed"
	CodeNeedsApproval  Code = "approval_needed"
	CodeApprovalGone   Code = "approval_gone"
	CodeNotApprover    Code = "not_an_approver"
	CodeOwnApproval    Code = "own_approval"
	CodeApprovedOnce   Code = "approved_already"
	CodeNotEnded       Code = "order_not_ended"
	CodeNotAdmin       Code = "not_an_admin"
	CodeBlocked        Code = "blocked"
	CodePaused         Code = "paused"
	CodeTooMany        Code = "too_many_requests"
	CodeAccountBusy    Code = "account_limit"
	CodeTooLong        Code = "duration_too_long"
	CodeTooShort       Code = "duration_too_short"
	CodeNeedsCode      Code = "code_needed"
	CodeLockedOut      Code = "locked_out"
	CodeCodeSpent      Code = "code_spent"
	CodeSessionsOff    Code = "mfa_sessions_off"
	CodeNoDevice       Code = "no_device"
	CodeNoConsole      Code = "no_console"
	CodeSealRequired   Code = "sealed_key_required"
	CodeSealUnreadable Code = "sealed_key_unreadable"
	CodeKeyFixed       Code = "sealed_key_fixed"
	CodeKeyUnchanged   Code = "sealed_key_unchanged"
	CodeNoReceipt      Code = "no_receipt"

	// Refused by AWS.
	CodeWrongCode       Code = "wrong_code"
	CodeDevice          Code = "device_not_validated"
	CodeMFAIncomplete   Code = "mfa_incomplete"
	CodeTrust           Code = "role_not_trusted"
	CodeSourceIdentity  Code = "source_identity_refused"
	CodeTags            Code = "tags_refused"
	CodeRoleMaximum     Code = "over_role_maximum"
	CodeChaining        Code = "over_chaining_limit"
	CodeSessionPolicy   Code = "session_policy_refused"
	CodeKeyInvalid      Code = "key_invalid"
	CodeSignature       Code = "signature_refused"
	CodeClock           Code = "clock_off"
	CodeExpired         Code = "session_expired"
	CodeRegion          Code = "region_disabled"
	CodeThrottled       Code = "throttled"
	CodeAWSRefused      Code = "aws_refused"
	CodeBucketsRefused  Code = "buckets_refused"
	CodeCannotReachAWS  Code = "aws_unreachable"
	CodeSettings        Code = "aws_settings"
	CodeStrangeAnswer   Code = "answer_not_understood"
	CodeOutcomeUnknown  Code = "outcome_unknown"
	CodeKeyUnreadable   Code = "key_unreadable"
	CodeKeyNotLongTerm  Code = "key_not_long_term"
	CodeCredentialsGone Code = "credentials_gone"
	CodeSignin          Code = "signin_failed"
	CodeGrantGone       Code = "grant_gone"
	CodeRevealOver      Code = "reveal_window_over"
	CodeRevoker         Code = "revocation_failed"

	// Failed on our side.
	CodeRecord          Code = "record_failed"
	CodeStore           Code = "store_failed"
	CodeTooLarge        Code = "too_large_for_slack"
	CodeUndelivered     Code = "not_delivered"
	CodeDeliveryUnknown Code = "delivery_unknown"
	CodeUndeleted       Code = "not_deleted"
	CodeSetAside        Code = "set_aside"
	CodeSealFailed      Code = "seal_failed"
	CodeBusy            Code = "busy"
	CodeInterrupted     Code = "interrupted"
	CodeInternal        Code = "internal"
)

type audience int

const (
	person audience = iota // the person can mend it, so the log says Warn
	operator
)

// audiences lists those that an operator has to mend.
var audiences = map[Code]audience{
	CodeDirectory: operator, CodeDevice: operator, CodeMFAIncomplete: operator, CodeTrust: operator,
	CodeSourceIdentity: operator, CodeTags: operator, CodeRoleMaximum: operator, CodeChaining: operator,
	CodeSessionPolicy: operator, CodeKeyInvalid: operator, CodeSignature: operator, CodeClock: operator,
	CodeRegion: operator, CodeAWSRefused: operator, CodeBucketsRefused: operator, CodeCannotReachAWS: operator,
	CodeSettings: operator, CodeStrangeAnswer: operator,
	CodeOutcomeUnknown: operator, CodeKeyUnreadable: operator, CodeKeyNotLongTerm: operator, CodeSignin: operator,
	CodeRecord: operator, CodeStore: operator, CodeTooLarge: operator, CodeUndelivered: operator,
	CodeDeliveryUnknown: operator, CodeUndeleted: operator, CodeSetAside: operator,
	CodeSealUnreadable: operator, CodeSealFailed: operator, CodeBusy: operator, CodeInterrupted: operator, CodeInternal: operator, CodeRevoker: operator,
}
