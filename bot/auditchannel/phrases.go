package auditchannel

import (
	"fmt"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/text"
)

// What went wrong is on the record as a code, which case of it, and a few facts. The
// sentences are here: of the person, to others.

// A phrase says what went wrong.
type phrase func(e told) string

// says is a phrase that is always the same.
func says(sentence string) phrase { return func(told) string { return sentence } }

// ofAccount is a phrase about the Account.
func ofAccount(before, after string) phrase {
	return func(e told) string { return before + e.Account + after }
}

// ofService is a phrase about the AWS service that was asked.
func ofService(before, after string) phrase {
	return func(e told) string { return before + orElse(e.Service, "AWS") + after }
}

// sentence says what went wrong with e. A code that this release does not know, or a
// case of one, is told by its name.
func sentence(e told) string {
	code := broker.Code(e.Code)
	if cases, known := phrases[code]; known {
		if say, found := cases[e.Detail]; found {
			return say(e)
		}
		return cases[""](e)
	}
	return fmt.Sprintf("The reason is %q.", e.Code)
}

func orElse(what, instead string) string {
	if what == "" {
		return instead
	}
	return what
}

// duration is a time of the record in words. Any number may stand there.
func duration(seconds int64) string {
	return text.FormatDuration(time.Duration(min(max(seconds, 0), int64(maxDuration/time.Second))) * time.Second)
}

const maxDuration = 10_000 * time.Hour

// phrases are those of each Code: "" of its usual case, and of others by their name.
var phrases = merged(peoplePhrases, approvalPhrases, limitPhrases, awsPhrases, servicePhrases, ownPhrases)

func merged(all ...map[broker.Code]map[string]phrase) map[broker.Code]map[string]phrase {
	out := map[broker.Code]map[string]phrase{}
	for _, some := range all {
		for code, cases := range some {
			out[code] = cases
		}
	}
	return out
}

func one(p phrase) map[string]phrase { return map[string]phrase{"": p} }

// peoplePhrases are about who may have what.
var peoplePhrases = map[broker.Code]map[string]phrase{
	broker.CodeGrammar: {
		"":        says("It was not understood."),
		"oneself": says("Admins cannot do that to themselves."),
	},
	broker.CodeNotUser:        one(says("They are not set up to use this bot.")),
	broker.CodeWorkspace:      one(says("The bot does not serve their Slack workspace.")),
	broker.CodeUnknownAccount: one(says("There is no account of that name.")),
	broker.CodeNotAMember:     one(says("They are no full member of this Slack workspace.")),
	broker.CodeNotAllowed: {
		"":                     ofAccount("They may not have ", "."),
		"break_glass":          ofAccount("They may not have ", " by break-glass."),
		"needless_break_glass": ofAccount("They need no break-glass for ", ": they may have it at once."),
		"approvers": func(e told) string {
			return fmt.Sprintf("%s needs %d to approve, and of its approvers %d are not they themselves, so nobody was asked.", e.Account, e.Needs, e.Have)
		},
	},
	broker.CodeDirectory: {
		"":          says("Slack could not say what decides it, so the answer was no."),
		"groups":    says("Slack could not say which user groups they are in, so the answer was no."),
		"standing":  says("Slack could not say whether they are a full member of this workspace, so the answer was no."),
		"approver":  ofAccount("Slack could not say whether they are an approver of ", ", so the answer was no."),
		"voters":    says("Slack could not say whether those who approved may still approve, so the answer was no."),
		"other_ids": says("Slack could not say whether the bot knows the blocked person by another ID, which is not blocked then."),
	},
	broker.CodeHours: one(func(e told) string {
		return e.Account + " may be had only " + orElse(e.Hours, "at certain hours") + "."
	}),
	broker.CodeChannel: one(ofAccount("", " may be asked for only from certain Slack channels, and this was none of them.")),
	broker.CodeNotAdmin: {
		"":        says("Only admins may do that."),
		"block":   says("Only admins may block people."),
		"unblock": says("Only admins may unblock people."),
		"unlock":  says("Only admins may unlock people."),
		"pause":   says("Only admins may pause the bot."),
		"resume":  says("Only admins may resume the bot."),
		"status":  says("Only admins may see how the bot does."),
		"who":     says("Only admins may see everybody's credentials."),
		"history": says("Only admins may see what others did."),
		"revoke":  says("Only admins may revoke what others have."),
	},
	broker.CodeReason: one(func(e told) string {
		if e.Pattern != "" {
			return e.Account + " needs a reason that matches " + e.Pattern + "."
		}
		return e.Account + " needs a reason."
	}),
	broker.CodeNotEnded: one(says("It had ended already, or a newer order stands.")),
	broker.CodeBlocked: {
		"":            says("They are blocked."),
		"thrown_away": says("They were blocked while AWS was being asked, so what it issued was thrown away unseen."),
		"still_kept":  says("They were blocked while AWS was being asked, so what it issued is not shown. The bot still keeps it."),
	},
	broker.CodePaused: {
		"":            says("The bot is paused: nothing is issued to anybody."),
		"thrown_away": says("The bot was paused while AWS was being asked, so what it issued was thrown away unseen."),
		"still_kept":  says("The bot was paused while AWS was being asked, so what it issued is not shown. The bot still keeps it."),
	},
	broker.CodeSealRequired:   one(ofAccount("", " is issued only encrypted to a key that the config names, and it names none for them.")),
	broker.CodeSealUnreadable: one(says("The key that they registered cannot be read, and their credentials are not shown in clear instead.")),
	broker.CodeKeyFixed: {
		"":          says("Their key is set by the config and cannot be changed from Slack."),
		"no_device": says("The config names no MFA device for them, so a key cannot be changed."),
	},
	broker.CodeNoReceipt: {
		"":         says("There is no receipt for them under that number."),
		"not_kept": says("No entry of that number is kept."),
		"unsigned": says("The entry is not signed yet."),
	},
	broker.CodeKeyUnchanged: {
		"":     says("That is their registered key already."),
		"none": says("They have no key registered."),
	},
}

// approvalPhrases are about Approvals.
var approvalPhrases = map[broker.Code]map[string]phrase{
	broker.CodeNeedsApproval: one(ofAccount("", " needs the approval of somebody else.")),
	broker.CodeApprovalGone: {
		"":               says("The approval does not count any more."),
		"waiting":        says("The request still waits for approval."),
		"approved":       says("The request has been approved already."),
		"used":           says("The approval has been used already: it is good for one request."),
		"denied":         says("The request was denied."),
		"cancelled":      says("The request was cancelled."),
		"acknowledged":   says("It was acknowledged already."),
		"expired":        says("The time for the request is over."),
		"too_old":        says("The request is too old: nothing is known of it any more."),
		"config":         ofAccount("The config has changed since it was asked: ", " is not what it was."),
		"not_needed":     ofAccount("They need no approval for ", " any more."),
		"something_else": says("The approval is for something else."),
		"voters":         ofAccount("Too few of those who approved are still approvers of ", "."),
		"voter":          says("Somebody who approved is blocked or is no full member of this workspace, so the approval does not count any more."),
	},
	broker.CodeNotApprover: one(ofAccount("They are not an approver of ", ".")),
	broker.CodeOwnApproval: {
		"":            says("They cannot vote on their own request."),
		"break_glass": says("They cannot acknowledge their own break-glass."),
	},
	broker.CodeApprovedOnce: one(says("They have approved it already, and one person counts once.")),
}

// limitPhrases are about how much, how long, and codes.
var limitPhrases = map[broker.Code]map[string]phrase{
	broker.CodeTooMany: {
		"":           says("They are asking for too much at once."),
		"waiting":    says("They have too many requests waiting for approval already."),
		"taken_back": says("They have asked for approval and cancelled it too often."),
	},
	broker.CodeAccountBusy: one(ofAccount("Too much is being asked for ", " right now, by all people together.")),
	broker.CodeTooLong: {
		"":            func(e told) string { return e.Account + " is issued to them for " + duration(e.Limit) + " at most." },
		"mfa_session": func(e told) string { return "An MFA session lasts " + duration(e.Limit) + " at most." },
	},
	broker.CodeTooShort: {
		"":            says("AWS issues nothing shorter than 15 minutes."),
		"mfa_session": says("AWS makes no MFA session shorter than 15 minutes."),
	},
	broker.CodeNeedsCode:   one(says("It needs the code of their MFA device.")),
	broker.CodeLockedOut:   one(says("They are locked out after too many wrong codes.")),
	broker.CodeCodeSpent:   one(says("That code has been used already; a code works once.")),
	broker.CodeSessionsOff: one(says("MFA sessions are switched off here: each request needs a code of its own.")),
	broker.CodeNoDevice:    one(says("The bot's config names no MFA device of theirs.")),
	broker.CodeNoConsole: {
		"":          says("AWS has no console for that."),
		"no_role":   ofAccount("", " has no role, and AWS signs nobody in to the console with the credentials of GetSessionToken."),
		"partition": ofAccount("The bot knows no console for ", ", by its partition."),
		"service":   says("That cannot be the name of an AWS service."),
	},
	broker.CodeRevealOver: one(says("The credentials cannot be shown or used again: the bot keeps them for a while only.")),
	broker.CodeGrantGone:  one(says("The credentials have ended.")),
}

// awsPhrases are about what AWS says.
var awsPhrases = map[broker.Code]map[string]phrase{
	broker.CodeWrongCode:      one(says("AWS did not accept that code: it is wrong, or was used already.")),
	broker.CodeDevice:         one(says("AWS could not validate the code: the MFA device that the bot has for them is not this AWS user's, or is out of step.")),
	broker.CodeMFAIncomplete:  one(says("The request to AWS was incomplete: it takes the MFA device and its code together.")),
	broker.CodeTrust:          one(ofAccount("AWS does not let their IAM user assume the role of ", ".")),
	broker.CodeSourceIdentity: one(ofAccount("AWS does not let the bot set a source identity on ", ".")),
	broker.CodeTags:           one(ofAccount("AWS does not let the bot set session tags on ", ".")),
	broker.CodeRoleMaximum:    one(ofAccount("That is longer than the role of ", " allows.")),
	broker.CodeChaining:       one(says("AWS gives no more than one hour here: the bot asked with temporary credentials.")),
	broker.CodeSessionPolicy: {
		"":          ofAccount("AWS does not take the session policy of ", "."),
		"too_large": ofAccount("AWS says that the session policy and tags of ", " are too large together."),
		"malformed": ofAccount("AWS does not understand the session policy of ", "."),
	},
	broker.CodeKeyInvalid: {
		"": func(e told) string {
			return "AWS does not know their long-term access key in " + orElse(e.Region, "the region") +
				": it was deleted, disabled or just replaced, or the region is not enabled for its AWS account."
		},
		"temporary": func(e told) string {
			return "AWS does not know the credentials in " + orElse(e.Region, "the region") +
				": they ended, or the region is not enabled for their AWS account."
		},
	},
	broker.CodeSignature: one(says("AWS says that their long-term secret key is wrong.")),
	broker.CodeClock:     one(says("AWS refused the request because the bot's clock is wrong.")),
	broker.CodeExpired: {
		"":            says("The credentials that the bot asked with have ended."),
		"mfa_session": says("AWS no longer accepts their MFA session."),
	},
	broker.CodeRegion: {
		"": says("STS is switched off in the region that the bot calls."),
		"not_known": func(e told) string {
			return "S3 in " + e.Region + " does not know the credentials for " + e.Account + ": they ended, or the region is not enabled for their AWS account."
		},
		"elsewhere": func(e told) string { return "S3 does not answer for " + e.Region + " where the bot asked." },
	},
	broker.CodeThrottled: one(says("AWS is being asked too often right now.")),
	broker.CodeAWSRefused: {
		"":              says("AWS refused in a way that the bot does not know."),
		"access_denied": says("AWS refused: access denied."),
		"malformed":     says("AWS found the request malformed."),
		"buckets":       ofAccount("AWS refused to list the buckets of ", "."),
	},
	broker.CodeBucketsRefused: {
		"":        ofAccount("The role of ", " may not list buckets."),
		"no_role": says("Their IAM user may not list buckets."),
	},
}

// servicePhrases are about calls of AWS that came to nothing.
var servicePhrases = map[broker.Code]map[string]phrase{
	broker.CodeCannotReachAWS: {
		"":              ofService("The bot cannot reach ", "."),
		"not_answering": ofService("", " had not answered for some calls in a row, so it was not asked."),
		"unknown_host":  ofService("The bot cannot reach ", ": nobody knows its host."),
		"too_late":      says("There was too little time left to ask AWS, so it was not asked."),
		"lost":          ofService("The bot got no answer from ", "."),
		"timeout":       ofService("", " did not answer in time."),
		"not_working":   ofService("", ", or something on the way to it, is not working right now."),
	},
	broker.CodeSettings: {
		"":        says("The bot's AWS settings do not work."),
		"fips":    ofService("The bot cannot reach ", ": it is told to use FIPS hosts, and there is none in its region."),
		"no_host": ofService("The bot cannot ask ", ": its AWS settings lead to no host of AWS."),
	},
	broker.CodeStrangeAnswer: {
		"": says("The bot does not understand the answer."),
		"proxy": func(e told) string {
			return fmt.Sprintf("Something between the bot and %s, a proxy perhaps, refused the request: the answer (HTTP %d) is not one of AWS.",
				orElse(e.Service, "AWS"), e.HTTPStatus)
		},
		"no_list": says("S3 answered, but not with a list of buckets that the bot can read."),
	},
	broker.CodeOutcomeUnknown: {
		"":            outcomeUnknown("The answer of AWS was lost"),
		"lost":        outcomeUnknown("The bot asked AWS, but the answer was lost on the way"),
		"timeout":     outcomeUnknown("AWS did not answer in time"),
		"not_working": outcomeUnknown("AWS, or something on the way to it, is not working right now"),
	},
	broker.CodeKeyUnreadable: {
		"":           says("The bot cannot read their long-term access key."),
		"characters": says("No request to AWS can be made with the access key that the bot has for them: it holds characters that no key has."),
	},
	broker.CodeKeyNotLongTerm: one(says("The key that the bot has for them is not an IAM user's long-term key.")),
	broker.CodeCredentialsGone: {
		"":           ofAccount("The credentials for ", " have ended."),
		"characters": ofAccount("No request to S3 can be made with the credentials for ", "."),
	},
	broker.CodeSignin: {
		"":              signin("The sign-in endpoint of AWS gave no link."),
		"not_reached":   signin("The bot cannot reach the sign-in endpoint of AWS, so there is no link."),
		"no_answer":     signin("The sign-in endpoint of AWS did not answer, so there is no link."),
		"not_answering": signin("The sign-in endpoint of AWS had not answered for some calls in a row, so it was not asked, and there is no link."),
		"no_link":       signin("The sign-in endpoint of AWS answered something else than a link."),
		"refused":       signin("The sign-in endpoint of AWS refused these credentials, so there is no link."),
		"not_working":   signin("The sign-in endpoint of AWS is not working, so there is no link."),
	},
	broker.CodeRevoker: {
		"": ofAccount("The bot could not tell AWS to refuse the credentials of ", " that were issued before: they work until they expire."),
		"unconfirmed": ofAccount("AWS did not confirm in time that it refuses the credentials of ",
			" that were issued before: nobody knows whether it does."),
		"earlier_alone": ofAccount("AWS refuses what was issued of ",
			" before an earlier revocation, and could not be told of what was issued since: that works until it expires."),
		"no_session_name": ofAccount("They are not in the config and have no live credentials from the bot, "+
			"so it does not know how AWS calls their sessions of ", "."),
	},
}

func signin(what string) phrase { return says(what + " The credentials themselves are shown instead.") }

// outcomeUnknown goes on after why.
func outcomeUnknown(why string) phrase {
	return func(e told) string {
		switch {
		case e.is(broker.PurposeKey):
			return why + ", so nobody knows whether it accepted the code. The key was not changed."
		case e.is(broker.PurposeMFASession):
			return why + ", so nobody knows whether an MFA session was started. If it was, nobody has it."
		}
		return why + ", so nobody knows whether credentials were issued. If they were, nobody has them."
	}
}

// ownPhrases are about what failed on our side.
var ownPhrases = map[broker.Code]map[string]phrase{
	broker.CodeRecord: {
		"":              says("The audit record could not be written."),
		"stopped":       says("The audit record is not what it was."),
		"closed_before": says("It was on the record already that nobody knows the outcome."),
	},
	broker.CodeStore: {
		"":              says("The bot's own store did not answer."),
		"newer":         says("A newer release of the bot keeps something that this replica cannot read."),
		"slow":          says("The bot's own store was too slow, so AWS was not asked."),
		"unsure":        says("The bot's own store did not answer: nobody knows whether it holds."),
		"may_be_kept":   says("The bot's own store did not answer, so it may still keep credentials or an MFA session of theirs."),
		"not_ended":     says("The bot's own store did not answer, so their MFA session has not ended."),
		"not_kept":      says("AWS took the code, but the bot's own store did not keep what came of it."),
		"key_unsure":    says("AWS accepted the code, but the bot's own store did not answer, so nobody knows whether their key was changed."),
		"not_cancelled": says("They are blocked, but the bot's own store did not answer when what they asked others to approve was to be cancelled."),
		"orders":        says("The bot's own store could not say whether they are blocked or everything is paused, so the answer was no."),
		"lock_out":      says("The bot's own store could not say whether they are locked out, so the answer was no."),
		"mfa_session":   says("The bot's own store could not say whether they have an MFA session, so the answer was no."),
		"rate":          says("The bot's own store could not say how much was asked for lately, so the answer was no."),
		"groups":        says("The bot's own store could not say which user groups they are in, so the answer was no."),
		"standing":      says("The bot's own store could not say whether they are a full member of this workspace, so the answer was no."),
		"approver":      says("The bot's own store could not say whether they are an approver, so the answer was no."),
		"voters":        says("The bot's own store could not say whether those who approved may still approve, so the answer was no."),
		"thrown_away": says("AWS has answered, but the bot's own store could not say whether they are blocked or everything is paused, " +
			"so what it issued was thrown away unseen."),
		"still_kept": says("AWS has answered, but the bot's own store could not say whether they are blocked or everything is paused, " +
			"so what it issued is not shown. The bot still keeps it."),
	},
	broker.CodeTooLarge:        one(says("It is too large for one Slack message.")),
	broker.CodeUndelivered:     one(says("Slack did not take the reply.")),
	broker.CodeDeliveryUnknown: one(says("Slack did not say whether it showed the reply.")),
	broker.CodeUndeleted:       one(says("Slack did not delete the direct message.")),
	broker.CodeSetAside:        one(says("Nobody works on it any more.")),
	broker.CodeSealFailed:      one(says("The credentials could not be encrypted to their key, so they are shown to nobody.")),
	broker.CodeBusy:            one(says("The bot had too much to do.")),
	broker.CodeInterrupted:     one(says("The bot was stopped before it answered.")),
	broker.CodeInternal:        one(says("Something failed on our side.")),
}
