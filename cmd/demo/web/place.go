package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/assumebot/assumebot/cmd/demo/world"
)

// The places of the workspace, as addresses name them.
const (
	general = "general"
	audit   = "aws-audit"
	direct  = "assumebot"
	home    = "home"
)

// A place is where in Slack somebody is.
type place struct {
	Name    string
	Channel string // "" for Home
	Title   string
}

// placesOf are the places that p can go to: who is not in a channel does not see it.
func (s *Server) placesOf(p *world.Person) []place {
	out := []place{{general, world.General, "#general"}}
	if s.world.Slack.InConversation(p.ID, world.Audit) {
		out = append(out, place{audit, world.Audit, "#aws-audit"})
	}
	return append(out, place{direct, p.DM, "@" + s.world.Slack.BotName()}, place{home, "", "Home"})
}

func (s *Server) placeOf(p *world.Person, name string) (place, bool) {
	for _, each := range s.placesOf(p) {
		if each.Name == name {
			return each, true
		}
	}
	return place{}, false
}

func (s *Server) person(name string) (*world.Person, bool) {
	for _, p := range s.world.People {
		if p.Name == name {
			return p, true
		}
	}
	return nil, false
}

// A spot is one column of the page: who is there, and where they are.
type spot struct{ Person, Place string }

func (s *Server) stand(at spot) (*world.Person, place, bool) {
	p, known := s.person(at.Person)
	if !known {
		return nil, place{}, false
	}
	where, known := s.placeOf(p, at.Place)
	return p, where, known
}

// address is the page with these columns, the first of which a phone shows.
func (s *Server) address(first, second spot) string {
	return s.base() + "/" + first.Person + "/" + first.Place + "?beside=" + url.QueryEscape(second.Person+"/"+second.Place)
}

// columns are those that r asks for: the person of its path, and beside it
// somebody else unless it says who.
func (s *Server) columns(r *http.Request) (first, second spot, ok bool) {
	first = spot{r.PathValue("person"), r.PathValue("place")}
	if _, _, ok = s.stand(first); !ok {
		return first, second, false
	}
	name, where, _ := strings.Cut(r.FormValue("beside"), "/")
	second = spot{name, where}
	if _, _, known := s.stand(second); known {
		return first, second, true
	}
	for _, p := range s.world.People {
		if p.Name != first.Person {
			return first, spot{p.Name, general}, true
		}
	}
	return first, first, true
}

// longestZone bounds the name of a time zone.
const longestZone = 64

// zone is where the reader is, as the browser says. Before it did that, they are
// taken to be where the demo runs.
func zone(name string) *time.Location {
	if name == "" || len(name) > longestZone {
		return time.Local
	}
	if in, err := time.LoadLocation(name); err == nil {
		return in
	}
	return time.Local
}
