package reconcile

import (
	"hash/maphash"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/cloudtrail"
	"github.com/assumebot/assumebot/broker/event"
)

// A User is an IAM user whose calls are the bot's alone.
type User struct {
	ARN  string
	Who  event.Person // of the config; zero: not known
	Keys []string     // access key IDs that the bot holds; none: every key of the IAM user counts as one
	// Shared says that the bot has no identity of its own, and uses this key for itself too.
	Shared bool
}

// maxSeen is how many events are remembered, so that what was delivered twice counts once.
// CloudTrail delivers at least once. Beyond it a double may be counted, and is said to.
const maxSeen = 2_000_000

// A Match holds an Index against events of CloudTrail.
type Match struct {
	*Index
	Window

	users     map[string]*user  // by ARN
	byID      map[string]string // ARN by the Slack user ID
	byUserKey map[string]string // ARN by access key ID that is known to be theirs
	principal map[string]string // ARN by principal ID, as events of the record's calls have it
	owners    map[string]bool   // AWS accounts of users
	addresses map[string]bool   // from which the record's calls came
	strangers map[string]int    // calls of the record by the ARN of an IAM user that was not named

	coverage coverage
	seed     maphash.Seed
	seen     map[uint64]struct{}
	names    map[string]string
	rows     int
	issuing  tallies
	using    tallies

	events, doubles, outside  int64
	beforeRecord, afterRecord int64
	full                      bool // seen is
}

type user struct {
	User
	keys map[string]bool
}

// A Window is which events are judged: those from Since on and before Until, zero: any; of what
// was done after RecordUntil nothing is known yet. Tools are where the bot and its tools may
// call from, beside the addresses of the record's own calls.
type Window struct {
	Since, Until, RecordUntil time.Time
	Tools                     []netip.Prefix
}

// NewMatch begins to hold x against CloudTrail, for these users.
func NewMatch(x *Index, users []User, w Window) *Match {
	m := &Match{
		Index:     x,
		Window:    w,
		users:     map[string]*user{},
		byID:      map[string]string{},
		byUserKey: map[string]string{},
		principal: map[string]string{},
		owners:    map[string]bool{},
		addresses: map[string]bool{},
		strangers: map[string]int{},
		coverage:  newCoverage(),
		seed:      maphash.MakeSeed(),
		seen:      map[uint64]struct{}{},
		names:     map[string]string{},
		issuing:   tallies{},
		using:     tallies{},
	}
	for _, u := range users {
		m.addUser(u)
	}
	return m
}

func (m *Match) addUser(u User) {
	known := m.users[u.ARN]
	if known == nil {
		known = &user{User: u, keys: map[string]bool{}}
		m.users[u.ARN] = known
	}
	if known.Who == (event.Person{}) {
		known.Who = u.Who
	}
	if _, taken := m.byID[u.Who.ID]; u.Who.ID != "" && !taken {
		m.byID[u.Who.ID] = u.ARN
	}
	known.Shared = known.Shared || u.Shared
	for _, k := range u.Keys {
		known.keys[k], m.byUserKey[k] = true, u.ARN
	}
	m.owners[accountOf(u.ARN)] = true
}

// accountOfUser is the AWS account of a person's IAM user; "" where it is not known.
func (m *Match) accountOfUser(who event.Person) string { return accountOf(m.byID[who.ID]) }

// Take takes in an event, in any order.
func (m *Match) Take(e cloudtrail.Event) {
	m.events++
	if !m.Since.IsZero() && e.Time.Before(m.Since) || !m.Until.IsZero() && !e.Time.Before(m.Until) {
		m.outside++
		return
	}
	m.coverage.take(e)
	if e.Source == cloudtrail.STS && issues(e.Name) && m.explain(e) {
		return
	}
	if at, ours := m.byKey[e.Identity.AccessKeyID]; ours && e.Identity.AccessKeyID != "" {
		if !m.grants[at].own() {
			if !m.double(e.ID) {
				m.use(at, e)
			}
			return
		}
	}
	s, judged := m.spotOf(e)
	if !judged || m.double(sameCall(e)) {
		return
	}
	switch {
	case e.Time.Before(m.From):
		m.beforeRecord++
	case e.Time.After(m.RecordUntil):
		m.afterRecord++
	case s.issuing:
		m.issuing.count(s, e)
	default:
		m.using.count(s, e)
	}
}

// issues reports whether a call of STS gives whoever makes it credentials, by a key of an IAM
// user. https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
func issues(call string) bool {
	return slices.Contains([]string{"AssumeRole", "GetSessionToken", "GetFederationToken", "AssumeRoot"}, call)
}

// sameCall is what the copies of one call have in common: that in the account of the caller,
// and that in the account of the role.
func sameCall(e cloudtrail.Event) string {
	if e.RequestID != "" && e.Source == cloudtrail.STS {
		return e.RequestID
	}
	return e.ID
}

// double reports whether what has this ID was taken in before.
func (m *Match) double(id string) bool {
	if id == "" {
		return false
	}
	sum := maphash.String(m.seed, id)
	if _, before := m.seen[sum]; before {
		m.doubles++
		return true
	}
	if len(m.seen) >= maxSeen {
		m.full = true
		return false
	}
	m.seen[sum] = struct{}{}
	return false
}

// explain reports whether a call of STS is on the record, and learns from it.
func (m *Match) explain(e cloudtrail.Event) bool {
	at, known := m.byRequest[e.RequestID]
	if e.RequestID == "" || !known {
		if at, known = m.byKey[e.IssuedKeyID]; e.IssuedKeyID == "" || !known {
			return false
		}
	}
	if at >= 0 {
		m.grants[at].seen = true
		if signer, ours := m.byKey[e.Identity.AccessKeyID]; ours && e.Identity.AccessKeyID != "" && !m.double(e.ID) {
			m.use(signer, e)
		}
	}
	m.learn(e)
	return true
}

// maxLearned bounds what is learned, by far more than there is.
const maxLearned = 10_000

// learn keeps who the IAM user is, and from where the bot calls.
func (m *Match) learn(e cloudtrail.Event) {
	if isAddress(e.Address) && len(m.addresses) < maxLearned {
		m.addresses[e.Address] = true
	}
	i := e.Identity
	if i.Type != "IAMUser" || i.ARN == "" {
		return
	}
	u := m.users[i.ARN]
	if u == nil {
		if _, known := m.strangers[i.ARN]; known || len(m.strangers) < maxLearned {
			m.strangers[i.ARN]++
		}
		return
	}
	if len(m.principal) < maxLearned && i.PrincipalID != "" {
		m.principal[i.PrincipalID] = i.ARN
	}
	if isLongTerm(i.AccessKeyID) && len(u.keys) < maxLearned {
		u.keys[i.AccessKeyID], m.byUserKey[i.AccessKeyID] = true, i.ARN
	}
}

// isLongTerm reports whether a key is not a temporary one.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
func isLongTerm(key string) bool { return strings.HasPrefix(key, "AKIA") }

// isAddress tells an address from the name of a service of AWS, which called for somebody.
func isAddress(a string) bool {
	return a != "" && !strings.HasSuffix(a, ".amazonaws.com") && a != "AWS Internal"
}

// isBots reports whether the bot or its tools call from an address.
func (m *Match) isBots(address string) bool {
	if m.addresses[address] {
		return true
	}
	a, err := netip.ParseAddr(address)
	return err == nil && slices.ContainsFunc(m.Tools, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// spotOf is where an event is counted that the record does not explain; judged is false where
// it is nobody's of the users.
func (m *Match) spotOf(e cloudtrail.Event) (s spot, judged bool) {
	i := e.Identity
	s = spot{
		issuing: e.Source == cloudtrail.STS && issues(e.Name),
		key:     i.AccessKeyID,
		source:  e.Source,
		call:    e.Name,
		code:    e.ErrorCode,
		address: e.Address,
		region:  e.Region,
		byBot:   strings.Contains(e.Agent, botAgent),
	}
	switch {
	case i.Type == "IAMUser" && m.users[i.ARN] != nil:
		s.user = i.ARN
	case i.AccessKeyID != "" && m.byUserKey[i.AccessKeyID] != "":
		s.user = m.byUserKey[i.AccessKeyID]
	case i.Type == "AWSAccount" && s.issuing && m.owners[i.AccountID] && i.PrincipalID != "":
		s.principal = i.PrincipalID
	default:
		return spot{}, false
	}
	s.kind = m.signedBy(i)
	if s.issuing {
		s.role, s.session = e.RoleARN, sessionOf(e)
		s.lost = m.lostFor(e, s.user)
	}
	return s, true
}

func (m *Match) signedBy(i cloudtrail.Identity) signed {
	at, ours := m.byKey[i.AccessKeyID]
	switch {
	case i.AccessKeyID == "":
		return byNoKey
	case isLongTerm(i.AccessKeyID):
		return byLongTerm
	case ours && m.grants[at].own():
		return byBotSession
	case i.FromConsole:
		return byConsole
	case !i.Created.IsZero() && i.Created.Before(m.From):
		return byOlder
	}
	return bySession
}

// lostFor is an attempt whose answer was lost and that the call can be, by its index and one.
func (m *Match) lostFor(e cloudtrail.Event, arn string) int {
	for i, a := range m.lost {
		person := true
		if u := m.users[arn]; u != nil && u.Who.ID != "" {
			person = u.Who.ID == a.who.ID
		}
		role := e.Name != "AssumeRole" || a.role == e.RoleARN
		if person && role && a.method == e.Name && e.Time.Sub(a.at).Abs() <= lostWithin {
			return i + 1
		}
	}
	return 0
}

// botAgent is in the User-Agent of what this program calls. Anybody can say so.
const botAgent = "app/assumebot"
