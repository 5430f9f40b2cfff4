package reconcile

import (
	"cmp"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/cloudtrail"
	"github.com/assumebot/assumebot/broker/event"
)

const (
	// maxServices is how many services of one Grant are named.
	maxServices = 12
	// maxNames is how many names of services are kept once for all; AWS has some hundreds.
	maxNames = 4096
	// maxRows bounds the memory of all Grants together.
	maxRows = 1_000_000
)

// uses is what a Grant was used for.
type uses struct {
	calls, refused int64
	span
	services []service // maxServices at most
	more     int64     // calls of further ones
}

type service struct {
	name  string
	calls int64
}

func (m *Match) use(at int, e cloudtrail.Event) {
	g := &m.grants[at]
	if g.uses == nil {
		g.uses = &uses{}
	}
	u := g.uses
	u.calls++
	u.span = u.with(e.Time)
	if e.ErrorCode != "" {
		u.refused++
	}
	for i := range u.services {
		if u.services[i].name == e.Source {
			u.services[i].calls++
			return
		}
	}
	if len(u.services) >= maxServices || m.rows >= maxRows {
		u.more++
		return
	}
	m.rows++
	u.services = append(u.services, service{m.name(e.Source), 1})
}

// name is one string for all that are alike.
func (m *Match) name(of string) string {
	if len(of) > maxServiceName {
		of = of[:maxServiceName]
	}
	if kept, ok := m.names[of]; ok {
		return kept
	}
	if len(m.names) < maxNames {
		m.names[of] = of
	}
	return of
}

// maxServiceName is the most that an Event has of one.
const maxServiceName = 128

// usage is what a Grant was used for, as an Event has it.
func (g grant) usage() event.Usage {
	out := event.Usage{Grant: g.id, AccessKeyID: g.key}
	if g.uses == nil {
		return out
	}
	u := *g.uses
	out.Calls, out.Refused, out.First, out.Last, out.More = u.calls, u.refused, event.At(u.first), event.At(u.last), u.more
	for _, s := range u.services {
		out.Services = append(out.Services, event.ServiceUsed{Name: s.name, Calls: s.calls})
	}
	slices.SortFunc(out.Services, func(a, b event.ServiceUsed) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// whole reports whether CloudTrail tells all of the Grant's life, so far as it tells at all.
func (m *Match) whole(g grant) bool {
	account := accountOf(g.role)
	if account == "" {
		account = m.accountOfUser(g.who)
	}
	return g.seen && !g.expires.IsZero() && m.coverage.accounts[account].covers(g.issued.Add(skew), g.expires)
}

// skew is how far the clock of the bot may be from AWS's. STS refuses beyond 5 minutes.
const skew = 5 * time.Minute
