// Package fakeslack is a Slack that costs little, for load. It checks that the token
// is its own, that a response_url is one that it gave and takes five posts, and that
// an acknowledgement names an envelope. It reads neither blocks nor views, keeps no
// message, and knows every user ID: bot/slacktest does what Slack does, and is too
// slow to stand beside a bot that is measured.
package fakeslack
