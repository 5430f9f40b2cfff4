// Package socketmode keeps the Socket Mode connections to Slack open, the next
// before the last is gone, and hands over what comes through them.
//
// slack-go's own client stops reading at Slack's disconnect message and loses what
// was on the socket. Here a socket is read, and what comes is acknowledged, until
// the server has closed it.
package socketmode
