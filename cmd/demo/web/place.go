package web

import (
	"net/http"
	"net/url"
	"path"
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

// places are the workspace's, and their addresses.
type places struct {
	world *world.World
	base  string // what the path of everything begins with
}

// of are the places that p can go to: who is not in a channel does not see it.
func (a *places) of(p *world.Person) []place {
	out := []place{{general, world.General, "#general"}}
	if a.world.Slack.InConversation(p.ID, world.Audit) {
		out = append(out, place{audit, world.Audit, "#aws-audit"})
	}
	return append(out, place{direct, p.DM, "@" + a.world.Slack.BotName()}, place{home, "", "Home"})
}

func (a *places) named(p *world.Person, name string) (place, bool) {
	for _, each := range a.of(p) {
		if each.Name == name {
			return each, true
		}
	}
	return place{}, false
}

func (a *places) person(name string) (*world.Person, bool) {
	for _, p := range a.world.People {
		if p.Name == name {
			return p, true
		}
	}
	return nil, false
}

// A spot is one column of the page: who is there, and where they are.
type spot struct{ Person, Place string }

func (a *places) stand(at spot) (*world.Person, place, bool) {
	p, known := a.person(at.Person)
	if !known {
		return nil, place{}, false
	}
	where, known := a.named(p, at.Place)
	return p, where, known
}

// address is the page with these columns, the first of which a phone shows.
func (a *places) address(first, second spot) string {
	return a.base + "/" + first.Person + "/" + first.Place + "?beside=" + url.QueryEscape(second.Person+"/"+second.Place)
}

// columns are those that r asks for: the person of its path, and beside it
// somebody else unless it says who.
func (a *places) columns(r *http.Request) (first, second spot, ok bool) {
	first = spot{r.PathValue("person"), r.PathValue("place")}
	if _, _, ok = a.stand(first); !ok {
		return first, second, false
	}
	name, where, _ := strings.Cut(r.FormValue("beside"), "/")
	second = spot{name, where}
	if _, _, known := a.stand(second); known {
		return first, second, true
	}
	for _, p := range a.world.People {
		if p.Name != first.Person {
			return first, spot{p.Name, general}, true
		}
	}
	return first, first, true
}

// serveFront leads to the first page.
func (a *places) serveFront(w http.ResponseWriter, r *http.Request) {
	people := a.world.People
	http.Redirect(w, r, a.address(spot{people[0].Name, general}, spot{people[1].Name, general}), http.StatusSeeOther)
}

// inside is the path and the query of an address, where that is one of this page and
// says no more than these.
func (a *places) inside(address string) (back string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Opaque != "" || u.User != nil || u.Host != "" {
		return "", false
	}
	if path.Clean(u.Path) != u.Path || !strings.HasPrefix(u.Path, a.base+"/") {
		return "", false
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String(), true
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
