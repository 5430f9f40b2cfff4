package slacktest

import (
	"encoding/base64"
	"strconv"
	"time"
)

// mostListed is the most people of one page of users.list.
// https://docs.slack.dev/apis/web-api/pagination
const mostListed = 1000

// usersList lists everybody, deactivated people too, but nobody of other organisations.
// A cursor says where the next page begins; the last one has none.
// https://docs.slack.dev/reference/methods/users.list
// https://docs.slack.dev/apis/web-api/pagination
func (s *webAPI) usersList(c *call) (object, error) {
	if id := c.get("team_id"); id != "" && id != s.team {
		return nil, failure("team_not_found")
	}
	limit := len(s.users)
	if text := c.get("limit"); text != "" && text != "0" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > mostListed {
			return nil, failure("invalid_limit")
		}
		limit = n
	} else if limit > mostListed {
		return nil, failure("limit_required")
	}
	after, err := base64.StdEncoding.DecodeString(c.get("cursor"))
	if err != nil {
		return nil, failure("invalid_cursor")
	}
	if s.listed == nil {
		s.listed = sortedKeys(s.users)
	}
	members, now, last, next := []object{}, s.clock(), "", ""
	for _, id := range s.listed {
		u := s.users[id]
		switch {
		case id <= string(after) || u.Stranger:
			continue
		case len(members) == limit:
			next = base64.StdEncoding.EncodeToString([]byte(last))
		default:
			members, last = append(members, s.userJSON(u, now)), id
			continue
		}
		break
	}
	return object{"members": members, "cache_ts": now.Unix(), "response_metadata": object{"next_cursor": next}}, nil
}

// LimitCalls has a method refuse more than perMinute calls within a minute, as the tiers
// do: Tier 2 allows some 20, Tier 4 some 100. Retry-After is until there is room again. 0
// refuses all.
// https://docs.slack.dev/apis/web-api/rate-limits
func (s *traffic) LimitCalls(method string, perMinute int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limits == nil {
		s.limits = map[string]*callLimit{}
	}
	s.limits[method] = &callLimit{most: perMinute}
}

// A callLimit is how often a method may be called.
type callLimit struct {
	most  int
	taken []time.Time // within the last minute
}

// take counts a call, or refuses it. The caller holds mu.
func (s *traffic) take(method string) error {
	l, now := s.limits[method], s.clock()
	if l == nil {
		return nil
	}
	for len(l.taken) > 0 && now.Sub(l.taken[0]) >= time.Minute {
		l.taken = l.taken[1:]
	}
	if l.most <= 0 {
		return &apiError{code: "ratelimited", retry: time.Minute}
	}
	if len(l.taken) >= l.most {
		return &apiError{code: "ratelimited", retry: time.Minute - now.Sub(l.taken[len(l.taken)-l.most])}
	}
	l.taken = append(l.taken, now)
	return nil
}
