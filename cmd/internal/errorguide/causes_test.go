package errorguide

// A reason is why a code comes, and what mends it. Sentences that the source does not hold
// in one piece are here as they read.
type reason struct {
	cause, mend string
	reads       []string
}

// reasons are by code. A test demands one for each code that there is.
var reasons = map[string]reason{
	"grammar": {
		cause: "What was typed is no command, or lacks something.",
		mend:  "The reply says how it is written; `/assume help` lists the commands.",
		reads: []string{"A sentence about the very word: `/assume` takes no such word, the account or the code is missing, the code has five digits, …"},
	},
	"not_a_user": {
		cause: "The person's Slack ID is not under `users`.",
		mend:  "Add the person to `users`.",
	},
	"foreign_workspace": {
		cause: "Slack says that the person speaks from a workspace that is not under `slack.workspaces`: a shared channel, for one.",
		mend:  "Ask from the workspace that is served, or add it.",
	},
	"unknown_account": {
		cause: "No account has that name.",
		mend:  "The reply names the nearest, or those that the person may have.",
	},
	"not_allowed": {
		cause: "`deny` names the person, nothing in `allow` does, or too few approvers are left when the person asks.",
		mend:  "`assumebot policy explain` says which rule decided; change the rule, or the user group.",
	},
	"membership_unknown": {
		cause: "Slack did not say who is in which user group, or what somebody's standing is. What is unknown is denied.",
		mend:  "Try again in a minute. If it stays: `usergroups:read`, `users:read`, and `assumebot check --live`.",
	},
	"not_a_member": {
		cause: "Slack says that the person is a guest, a bot, deactivated, or of another workspace.",
		mend:  "Nothing for guests; a full member whom Slack calls otherwise needs to ask the workspace's admins.",
	},
	"outside_hours": {
		cause: "The account has `hours`, and it is not open now.",
		mend:  "Ask again then, or by break-glass where the account has it.",
	},
	"wrong_channel": {
		cause: "The account has `channels`, and this is none of them.",
		mend:  "Ask in one of those that the reply names.",
	},
	"reason_needed": {
		cause: "The account wants a reason, or one that matches a pattern.",
		mend:  "End the request with `because` and the reason.",
	},
	"approval_needed": {
		cause: "The account wants other people's approval.",
		mend:  "Send the request without a code; approvers are asked.",
	},
	"approval_gone": {
		cause: "The approval has ended, was used or cancelled, or the config has changed what it was for.",
		mend:  "Ask anew.",
	},
	"not_an_approver": {
		cause: "The person who pressed is not among `approvers` of the account.",
		mend:  "One of the approvers has to press.",
	},
	"own_approval": {
		cause: "Nobody approves their own request.",
		mend:  "Somebody else has to.",
	},
	"approved_already": {
		cause: "The same person pressed twice.",
		mend:  "Nothing: the first press counts. Another approver is needed for another approval.",
	},
	"order_not_ended": {
		cause: "The block or pause had ended, or another admin has given a newer order.",
		mend:  "Do it again if it is still meant.",
	},
	"not_an_admin": {
		cause: "The person is not under `admins`.",
		mend:  "Ask an admin, or be added.",
	},
	"blocked": {
		cause: "An admin has blocked the person.",
		mend:  "An admin lifts it with `/assume unblock`.",
	},
	"paused": {
		cause: "An admin has paused the bot, or a drill has.",
		mend:  "An admin lifts it with `/assume resume`. A drill's pause says until when it lasts, and ends then.",
	},
	"too_many_requests": {
		cause: "`limits.requests` of one person in a minute, or five requests that wait for approval.",
		mend:  "Wait as long as the reply says.",
	},
	"account_limit": {
		cause: "`limits.sts_calls` of one account in a minute, by everybody together.",
		mend:  "Wait as long as the reply says, or raise the limit.",
	},
	"duration_too_long": {
		cause: "More than `duration.max` of the account, or `max` of the rule that allows the person.",
		mend:  "Ask for as long as the reply says.",
		reads: []string{"… is issued for … at most."},
	},
	"duration_too_short": {
		cause: "Less than the 15 minutes that AWS issues at least.",
		mend:  "Ask for 15m or more.",
		reads: []string{"AWS issues nothing shorter than 15 minutes."},
	},
	"code_needed": {
		cause: "No MFA session lives that would do, or the account wants a fresh code.",
		mend:  "Send the request with the six digits of the device.",
	},
	"locked_out": {
		cause: "Five wrong codes within 15 minutes; each further five lock for twice as long, up to a day.",
		mend:  "Wait; or an admin does `/assume unlock`. If it was somebody else, block the account first.",
	},
	"code_spent": {
		cause: "AWS takes a code once, and this one was sent before, perhaps by a retry.",
		mend:  "Send the code that the device shows now; if it is the same one, wait for the next.",
	},
	"mfa_sessions_off": {
		cause: "`mfa_session` is not set.",
		mend:  "Send a code with each request, or set `mfa_session`.",
	},
	"no_device": {
		cause: "The person has no `mfa_serial`.",
		mend:  "Add it under `users`.",
	},
	"no_console": {
		cause: "The account has no role, or its partition no console that the bot knows, or the service's name is none.",
		mend:  "Take credentials instead, or another account or service.",
	},
	"sealed_key_required": {
		cause: "`sealed: required`, and the config names no `age_key` of the person.",
		mend:  "Add an `age_key` to the person in the config.",
		reads: []string{"… is issued only encrypted to a key that the config names, and it names none for you."},
	},
	"sealed_key_unreadable": {
		cause: "The registered key does not open: `ASSUMEBOT_SEAL_KEYS` lost the key that sealed it, or the store was changed.",
		mend:  "Put the old seal key back at the end of the list, or have the person register the key again with `/assume key`.",
	},
	"sealed_key_fixed": {
		cause: "The config names the person's `age_key`, or no device by which a change could be proven.",
		mend:  "Change it in the config.",
	},
	"no_receipt": {
		cause: "Nobody has an entry of that number, it is about somebody else, or it is not signed yet.",
		mend: "Admins can have the receipt of any entry; `assumebot record prove N --s3 URL` finds those that Redis has let go. If entries stay unsigned, " +
			"[nothing is signed](operations.md#the-record).",
	},
	"sealed_key_unchanged": {
		cause: "The key is registered already, or there is none to remove.",
		mend:  "Nothing.",
	},
	"wrong_code": {
		cause: "The code is of another device, was mistyped, is more than a minute old, or was used outside of the bot.",
		mend:  "Send the next code. If it stays: is `mfa_serial` the device that the person holds?",
	},
	"device_not_validated": {
		cause: "`mfa_serial` is not the device of the IAM user whose key is used, or the device's clock has drifted.",
		mend:  "Correct `mfa_serial`; `aws iam resync-mfa-device` for a hardware device.",
	},
	"mfa_incomplete": {
		cause: "The call had a serial without a code or the reverse: a proxy or an endpoint changed it.",
		mend:  "Report it with the reference; look at what stands between the bot and AWS.",
	},
	"role_not_trusted": {
		cause: "The role's trust policy does not name the IAM user, or has a condition that is not met: external ID, MFA, session name. The IAM " +
			"user may lack `sts:AssumeRole`.",
		mend: "Compare the trust policy with install.md; `assumebot check --live` does.",
	},
	"source_identity_refused": {
		cause: "`source_identity: true`, and the trust policy or the IAM user lacks `sts:SetSourceIdentity`.",
		mend:  "Allow it in both, or drop `source_identity`.",
	},
	"tags_refused": {
		cause: "The account has `tags`, and the trust policy or the IAM user lacks `sts:TagSession`.",
		mend:  "Allow it in both, or drop `tags`.",
	},
	"over_role_maximum": {
		cause: "`duration` is more than the role's `MaxSessionDuration`.",
		mend:  "Raise it at the role, or lower `duration.max`.",
	},
	"over_chaining_limit": {
		cause: "The bot holds temporary credentials for the person, from which AWS issues an hour at most.",
		mend:  "Give the bot the long-term key of the IAM user.",
	},
	"session_policy_refused": {
		cause: "AWS does not take `session_policy`: it is malformed, or too large together with `tags` and `policy_arns`.",
		mend:  "Mend or shorten it.",
	},
	"key_invalid": {
		cause: "The access key was deleted, disabled or just replaced, or the region is not enabled for its AWS account.",
		mend:  "Make a new access key and put it where `credentials` says; AWS takes some seconds to know it.",
	},
	"signature_refused": {
		cause: "The secret key does not belong to the access key ID.",
		mend:  "Set both anew from one pair.",
	},
	"clock_off": {
		cause: "The clock of the bot's host is minutes off.",
		mend:  "Set the clock by NTP. The bot has learnt the time from AWS's answer meanwhile.",
	},
	"session_expired": {
		cause: "The MFA session or the credentials that signed the call have ended.",
		mend:  "Send the request with a code.",
	},
	"region_disabled": {
		cause: "STS or S3 does not serve this AWS account in the region that was asked.",
		mend:  "Enable the region, or set `AWS_REGION` or the account's `region`.",
	},
	"throttled": {
		cause: "AWS takes no more calls for this AWS account right now.",
		mend:  "Wait a little; see what else calls STS there.",
	},
	"aws_refused": {
		cause: "AWS refused in a way that the bot does not tell apart: a service control policy, for one.",
		mend:  "The log line with the reference has AWS's words.",
	},
	"buckets_refused": {
		cause: "The role, or the IAM user, lacks `s3:ListAllMyBuckets`, or a session policy leaves it out.",
		mend:  "Allow it.",
		reads: []string{"The role of … may not list buckets."},
	},
	"aws_unreachable": {
		cause: "DNS, network or proxy between the bot and AWS, or AWS itself.",
		mend:  "Try again; then from the host: `curl https://sts.REGION.amazonaws.com`. `AWS_FALLBACK_REGION` serves whoever needs no code meanwhile.",
	},
	"aws_settings": {
		cause: "The SDK's settings (FIPS, dual-stack, endpoint) lead to no host.",
		mend:  "Look at the environment and the shared config of the bot.",
	},
	"answer_not_understood": {
		cause: "Something answered that is not AWS: the page of a proxy, for one.",
		mend:  "Let the bot through, or set `HTTPS_PROXY` right.",
		reads: []string{"… answered with something that is not of AWS."},
	},
	"outcome_unknown": {
		cause: "STS was asked and no answer came, or the bot stopped in between. Credentials may exist, but nobody has them.",
		mend:  "Ask again with a new code. CloudTrail says whether they were issued.",
	},
	"key_unreadable": {
		cause: "The source under `credentials` cannot be read: a missing profile, an empty variable, `secretsmanager:GetSecretValue` denied.",
		mend:  "The log line names the source and why.",
	},
	"key_not_long_term": {
		cause: "`credentials` lead to temporary credentials, such as those of an instance role.",
		mend:  "Name the IAM user's own key.",
	},
	"credentials_gone": {
		cause: "The credentials that were kept for buttons and lists have ended.",
		mend:  "Get new ones; the reply says how.",
	},
	"signin_failed": {
		cause: "AWS's federation endpoint gave no sign-in token. " +
			"`not_answering`: it had not answered five calls in a row, of two people at least, and is asked again after 30 s.",
		mend:  "The reply has the credentials instead. Try again, or look at `signin_endpoint`.",
		reads: []string{"AWS gave no sign-in link, and the reply has the credentials instead."},
	},
	"grant_gone": {
		cause: "The credentials have ended, by time, by their owner or by an admin.",
		mend:  "Get new ones.",
	},
	"reveal_window_over": {
		cause: "`reveal_window` is over: the bot has forgotten the credentials.",
		mend:  "Get new ones.",
	},
	"revocation_failed": {
		cause: "The revoker role could not write the policy that denies older sessions, or AWS calls the person's sessions by a name that is not known.",
		mend: "Look at the role `revoker` and the permissions boundary. Until then the credentials work: " +
			"[end all sessions of the role](operations.md#when-the-bot-is-down).",
	},
	"record_failed": {
		cause: "The audit record cannot be written or does not check out. Nothing is issued without it.",
		mend:  "`assumebot record verify`. If it is stopped: [when it does not check out](operations.md#when-it-does-not-check-out).",
	},
	"store_failed": {
		cause: "Redis does not answer in time, or another copy of the bot may share the Slack app. `newer`: a newer release wrote what this replica cannot read.",
		mend:  "Try again in a minute; `assumebot check --redis`. With `newer`: end the update ([Upgrade](operations.md#upgrade)).",
		reads: []string{"The bot is being updated, and the part of it that you reached cannot read what the new release keeps."},
	},
	"too_large_for_slack": {
		cause: "The snippet, or the sign-in link, is longer than a Slack message.",
		mend:  "Another format; fewer `tags`, a shorter `session_policy`.",
	},
	"not_delivered": {
		cause: "Slack did not take a message that had to arrive.",
		mend:  "Is the bot in the channel? Try again.",
	},
	"delivery_unknown": {
		cause: "The bot stopped between AWS's answer and Slack's.",
		mend:  "`/sessions` shows the credentials again, or ends them.",
	},
	"not_deleted": {
		cause: "Slack did not delete a direct message with credentials.",
		mend:  "The person deletes it; they end by themselves.",
		reads: []string{"Slack did not delete the direct message. (on the record and in the audit channel)"},
	},
	"set_aside": {
		cause: "Something that was due, such as a reminder, could not be read or done, and nobody works on it any more.",
		mend:  "The log says why; what was due is named there.",
		reads: []string{"Nobody works on it any more. (on the record and in the audit channel)"},
	},
	"seal_failed": {
		cause: "The credentials could not be encrypted to the person's key.",
		mend:  "Register the key again with `/assume key`, or mend `age_key`.",
	},
	"busy": {
		cause: "More was asked at once than can be served in 2 s, or more by one person than can wait for them. People are served in turn.",
		mend:  "Try again in a minute; more replicas if it stays.",
	},
	"interrupted": {
		cause: "The process of the bot that worked on a request ended, or stood still for more than 5 s, and another one tells what came of it by the audit record.",
		mend:  "Send the request again, unless there is an answer already. The log of the process that ended says why it did.",
	},
	"internal": {
		cause: "A failure that the bot has no other code for.",
		mend:  "Try again; if it stays, the log line with the reference, and an issue.",
	},
}
