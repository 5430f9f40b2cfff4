package broker

// recordAway is of a record that could not be written before something was done;
// so is what was not done then.
func recordAway(err error, so string) *Error {
	return &Error{
		Code: CodeRecord, Err: err,
		What: Say("The audit record cannot be written right now, so " + so + "."),
		Hint: inAMinute(),
	}
}

// unrecorded is of a record that could not be written after AWS did something with
// a code; so is what became of it.
func unrecorded(err error, did, so string, use CodeUse) *Error {
	return &Error{
		Code: CodeRecord, Use: use, Err: err,
		What: Say(did + ", but the audit record could not be written, so " + so + "."),
		Hint: tryAnew(use),
	}
}
