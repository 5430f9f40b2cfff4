package app

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/assumebot/assumebot/cmd/internal/config"
)

const (
	metricsAddr = "ASSUMEBOT_METRICS_ADDR"
	profiles    = "ASSUMEBOT_PPROF"
)

// metrics reads where metrics are served, which is nowhere unless it is set. A port alone
// is one of this machine: to listen for others, their address is written out.
func (r *settingsReader) metrics(s *Settings) {
	text, asked := r.getenv(metricsAddr), r.getenv(profiles)
	switch {
	case asked != "" && asked != "on":
		r.fail("%s is %s: write on, or unset it", profiles, config.Quote(asked))
	case asked == "on" && text == "":
		r.fail("%s is on, and nothing listens: set %s too, such as 9464", profiles, metricsAddr)
	}
	s.Profiles = asked == "on"
	if text == "" {
		return
	}
	if port, err := strconv.ParseUint(strings.TrimPrefix(text, ":"), 10, 16); err == nil {
		s.Metrics = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
		return
	}
	addr, err := netip.ParseAddrPort(text)
	if err != nil || addr.Addr().Zone() != "" {
		r.fail("%s is %s: write a port such as 9464, for this machine alone, or an address and a port such as 0.0.0.0:9464",
			metricsAddr, config.Quote(text))
		return
	}
	s.Metrics = addr
}
