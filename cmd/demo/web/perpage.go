package web

import (
	"regexp"
	"slices"
	"sync"
)

// maxPages bounds the pages of which something is kept; the newest are.
const maxPages = 64

// pageName is what a page calls itself; one that has no name shares that of all such.
var pageName = regexp.MustCompile(`^[0-9a-f-]{1,40}$`)

// A perPage keeps something for each page that is open in a browser. The zero perPage
// has the zero T for every page.
type perPage[T any] struct {
	mu    sync.Mutex
	held  map[string]T
	order []string // the oldest first
}

func (p *perPage[T]) of(page string) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held[known(page)]
}

func (p *perPage[T]) set(page string, to T) {
	p.change(page, func(T) T { return to })
}

// change changes what is kept for a page, and returns it.
func (p *perPage[T]) change(page string, f func(T) T) T {
	page = known(page)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		p.held = map[string]T{}
	}
	p.held[page] = f(p.held[page])
	if i := slices.Index(p.order, page); i >= 0 {
		p.order = slices.Delete(p.order, i, i+1)
	}
	if p.order = append(p.order, page); len(p.order) > maxPages {
		delete(p.held, p.order[0])
		p.order = p.order[1:]
	}
	return p.held[page]
}

func known(page string) string {
	if pageName.MatchString(page) {
		return page
	}
	return ""
}
