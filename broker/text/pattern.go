package text

import (
	"regexp"
	"sync"
)

// A Pattern is a regular expression that is compiled when it is first used. A process uses
// few of those that the program has, and each takes up to a hundred kilobytes.
type Pattern struct {
	expr     string
	compiled func() *regexp.Regexp
}

// NewPattern returns one. Its first use panics if expr is not a regular expression; a test
// looks at all that the program has.
func NewPattern(expr string) *Pattern {
	return &Pattern{expr: expr, compiled: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })}
}

// String is the expression.
func (p *Pattern) String() string { return p.expr }

// MatchString reports whether s holds a match. It, and all below, are as [regexp.Regexp] has them.
func (p *Pattern) MatchString(s string) bool { return p.compiled().MatchString(s) }

// FindStringSubmatch returns the leftmost match and its groups.
func (p *Pattern) FindStringSubmatch(s string) []string { return p.compiled().FindStringSubmatch(s) }

// FindStringIndex returns where the leftmost match is.
func (p *Pattern) FindStringIndex(s string) []int { return p.compiled().FindStringIndex(s) }

// FindAllStringSubmatch returns up to n matches and their groups.
func (p *Pattern) FindAllStringSubmatch(s string, n int) [][]string {
	return p.compiled().FindAllStringSubmatch(s, n)
}

// ReplaceAllString returns s with by in place of each match.
func (p *Pattern) ReplaceAllString(s, by string) string {
	return p.compiled().ReplaceAllString(s, by)
}

// ReplaceAllStringFunc returns s with what by makes of each match in its place.
func (p *Pattern) ReplaceAllStringFunc(s string, by func(string) string) string {
	return p.compiled().ReplaceAllStringFunc(s, by)
}
