package broker

import "errors"

// ErrStore is in the chain of an error of a People or a Directory that could not
// ask the bot's own store, which is not Slack's fault.
var ErrStore = errors.New("the store does not answer")

// StoreAway is of the bot's own store that did not answer. so goes on after a
// comma and says what follows from that; "": nothing was begun.
func StoreAway(err error, so string) *Error {
	what := "The bot's own store is not answering"
	if so != "" {
		what += ", " + so
	}
	return &Error{Code: CodeStore, Err: err, What: Say(what + "."), Hint: inAMinute()}
}

func storeDown(err error) *Error { return StoreAway(err, "") }

// orderUnsure is of an order of which nobody knows whether the store took it.
func orderUnsure(err error, whether string) *Error {
	e := StoreAway(err, "so nobody knows whether "+whether)
	e.Hint = Say("Try again at once. While the store is away, nothing is issued to anybody.")
	return e
}

// mayBeKept is of a store that did not take everything back.
func mayBeKept(err error, what string, hint []Part) *Error {
	e := StoreAway(err, "so it may still keep "+what)
	e.Hint = hint
	return e
}

// notEnded is of what the store could not be told to end.
func notEnded(err error, so string) *Error {
	e := StoreAway(err, so)
	e.Hint = Say("Try again in a minute, or tell whoever runs the bot.")
	return e
}

// storeSlow is of a store that took so long that nothing was begun; so is what.
func storeSlow(so string) *Error {
	return &Error{
		Code: CodeStore,
		What: Say("The bot's own store is too slow right now, so " + so + "."),
		Hint: inAMinute(),
	}
}

// unstored is of what the store did not keep after AWS took the code.
func unstored(err error, what string) *Error {
	return &Error{Code: CodeStore, Use: UseSpent, Err: err, What: Say(what), Hint: tryAnew(UseSpent)}
}

// storeCannotSay is of what the store alone knows: while it does not answer, no.
func storeCannotSay(err error, what string) *Error {
	return cannotSay("The bot's own store", CodeStore, err, what)
}

// slackCannotSay is of what Slack knows, and the store in between.
func slackCannotSay(err error, what string) *Error {
	if errors.Is(err, ErrStore) {
		return storeCannotSay(err, what)
	}
	return cannotSay("Slack", CodeDirectory, err, what)
}

func cannotSay(who string, code Code, err error, what string) *Error {
	return &Error{Code: code, Err: err, What: Say(who + " cannot say right now " + what + ", so the answer is no."), Hint: inAMinute()}
}

func ordersUnknown(err error) *Error {
	return storeCannotSay(err, "whether you are blocked or everything is paused")
}

func groupsUnknown(err error) *Error { return slackCannotSay(err, "which user groups you are in") }

func standingUnknown(err error) *Error {
	return slackCannotSay(err, "whether you are a full member of this workspace")
}
