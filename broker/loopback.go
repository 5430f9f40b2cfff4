package broker

import (
	"net"
	"strings"
)

// Accepted is the value of a setting that takes a risk which its name says.
const Accepted = "accepted"

// Loopback reports whether host is this machine.
func Loopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}
