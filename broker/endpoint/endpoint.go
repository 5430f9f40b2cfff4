// Package endpoint says which addresses of other services are safe as they are, and how
// the operator accepts others.
package endpoint

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
