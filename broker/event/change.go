package event

import (
	"slices"
	"strings"
)

// What a Change holds beside names of the config.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
	// Concealed stands for a value that nobody is shown.
	Concealed = "set"
)

// Lines are changes in short, one for each field, or each thing that was added.
func Lines(changes []Change) []string {
	var lines []string
	for i, c := range changes {
		more := i > 0 && c.What == Added && changes[i-1].What == Added && changes[i-1].Of == c.Of
		switch {
		case c.What == Removed:
			lines = append(lines, c.Of+" removed")
		case c.What != Added:
			line := c.Field + " " + c.difference()
			if c.Of != "" {
				line = c.Of + ": " + line
			}
			lines = append(lines, line)
		case more:
			lines[len(lines)-1] += "; " + c.Field + " " + c.value()
		default:
			lines = append(lines, strings.TrimSpace(c.Of+" added: "+c.Field+" "+c.value()))
		}
	}
	return lines
}

// value is what a thing that was added says in a field.
func (c Change) value() string {
	return strings.Join(slices.DeleteFunc([]string{strings.Join(c.Gained, ", "), c.Is}, func(s string) bool { return s == "" }), ", ")
}

func (c Change) difference() string {
	var what []string
	if len(c.Gained) > 0 {
		what = append(what, "gained "+strings.Join(c.Gained, ", "))
	}
	if len(c.Lost) > 0 {
		what = append(what, "lost "+strings.Join(c.Lost, ", "))
	}
	line := strings.Join(what, ", ")
	switch {
	case line != "":
	case c.Was == Concealed && c.Is == Concealed:
		line = Changed
	case c.Field == "approval" && c.Is == "":
		line = c.Was + " → NOT NEEDED any more"
	default:
		line = orNone(c.Was) + " → " + orNone(c.Is)
	}
	if c.NextStart {
		line += " (from the next start)"
	}
	return line
}

func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return value
}
