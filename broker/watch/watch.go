// Package watch is what the bot tells those who watch it from outside: how often, how long,
// and how things stand. It knows none of them; cmd gives one in. Nothing that a person typed,
// no ID and no name of an account goes through it: its words are the few below, and names
// that stand in the program.
package watch

import "time"

// A Watcher is told what happens, when it has happened. It blocks nobody, and is safe for
// concurrent use. Where nobody watches there is none, and nothing is measured.
type Watcher interface {
	// Acknowledged is told how long an envelope of that type waited for its acknowledgement.
	Acknowledged(envelope string, took time.Duration)
	// Replied is told how long whoever acted waited for the first answer that Slack took.
	Replied(s Surface, took time.Duration)
	// Served is told how a Visit ended.
	Served(s Surface, o Outcome)
	// Called is told of a call to AWS, by its operation's name.
	Called(operation string, r Result, took time.Duration)
	// Rests is told when an endpoint of AWS that does not answer begins to rest, and when it
	// is asked again, by the names of the service and of the region, "global" where it has none.
	Rests(service, region string, rests bool)
	// FellBack is told of a call to the second region of AWS, by its operation's name, where
	// the first did not answer.
	FellBack(operation string, r Result)
	// Asked is told of a round trip to the store, by its command's name.
	Asked(command string, r Result, took time.Duration)
}

// A Surface is where a person acts.
type Surface string

// They are.
const (
	Command  Surface = "command"
	Button   Surface = "button"
	Form     Surface = "form"
	Menu     Surface = "menu" // what is typed into a menu of accounts
	Shortcut Surface = "shortcut"
	Message  Surface = "message" // a mention, or words in a direct message
	Home     Surface = "home"
	Other    Surface = "other"
)

// An Outcome is how a Visit ended.
type Outcome string

// They are.
const (
	Granted  Outcome = "granted"  // credentials or a sign-in link were shown
	Told     Outcome = "told"     // any other answer
	Refused  Outcome = "refused"  // for a reason that the person can mend
	Failed   Outcome = "failed"   // for a reason that whoever runs the bot must mend
	Busy     Outcome = "busy"     // there was too much to do
	Repeated Outcome = "repeated" // it was served already: Slack delivered it again
)

// A Result is what became of one call.
type Result string

// They are.
const (
	OK       Result = "ok"
	Declined Result = "declined" // the other side answered with an error
	Lost     Result = "lost"     // it did not answer, or nobody waited
)
