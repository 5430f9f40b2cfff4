// Package blockhtml draws what Slack draws, a slacktest.Piece, as HTML. All text
// is escaped, a link leads to http, https or mailto and to nothing else, no image
// is loaded, and there is no script, style or event attribute: a page can forbid
// all three.
//
// # What a page does with it
//
// The page puts the HTML into an element of its own that says by data-ref which
// message or view it is, links CSS, and listens at the document. What can be used
// says what it does by data-do, and which element it is by data-block (block_id),
// data-action (action_id) and data-kind (Slack's type of the element):
//
//	press    a click presses the button; of a link it opens the link as well
//	choose   a change picks an option, or a date: value is its value. A click, if
//	         it is a button (of an overflow menu, or one of Offers). Inside
//	         [data-many] all values count that are checked there, and that of the
//	         button if it was one, one a line
//	fill     what is typed into the field is its value, once it changed
//	suggest  typing asks the app for options; Offers draws them, for the element
//	         that aria-controls names; aria-expanded and hidden are the page's to set
//	copy     a click copies the text of the pre beside it, exactly
//	submit   of a form: the window's fields are sent
//	close    a click closes the window
//
// What has data-confirm asks first: that is the id of a dialog which the page
// shows as a modal. Its buttons have data-do="answer" and the value yes or no.
// A window is a form, not a dialog: the page puts it into one, which is
// aria-labelledby Options.ID + "title".
//
// Errors under fields, hints and labels are tied to them. ids begin with
// Options.ID, so that a page can hold many.
package blockhtml
