package text

import "strings"

// maxNearest is longer than any name that could be meant; the distance takes
// time in proportion to its square.
const maxNearest = 64

// Nearest returns the candidate that was most likely meant by word, "" when
// none is near. A word that begins a candidate, or that a candidate begins,
// counts as one mistake: prd, production and pro all mean prod. Among equals
// the first candidate wins.
func Nearest(word string, candidates []string) string {
	typed := []rune(strings.ToLower(word))
	if len(typed) == 0 || len(typed) > maxNearest {
		return ""
	}
	best, bestScore, bestDistance := "", maxNearest, maxNearest
	for _, candidate := range candidates {
		meant := []rune(strings.ToLower(candidate))
		if len(meant) == 0 || len(meant) > maxNearest {
			continue
		}
		distance := editDistance(typed, meant)
		score := distance
		if begins(typed, meant) {
			score = min(score, 1)
		}
		if score > tolerance(min(len(typed), len(meant))) {
			continue
		}
		if score < bestScore || score == bestScore && distance < bestDistance {
			best, bestScore, bestDistance = candidate, score, distance
		}
	}
	return best
}

// begins reports whether one begins the other. Single letters begin too much to
// mean anything, and a keyword of two letters begins half the dictionary.
func begins(typed, meant []rune) bool {
	short, long := typed, meant
	if len(meant) < len(typed) {
		short, long = meant, typed
		if len(short) < 3 {
			return false
		}
	}
	return len(short) >= 2 && strings.HasPrefix(string(long), string(short))
}

// tolerance is how many mistakes a word of n letters may hold.
func tolerance(n int) int {
	switch {
	case n < 2:
		return 0
	case n < 5:
		return 1
	case n < 9:
		return 2
	}
	return 3
}

// editDistance counts insertions, deletions, substitutions and swaps of
// neighbours (optimal string alignment): fro is one mistake away from for.
func editDistance(a, b []rune) int {
	before, previous, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous, current = previous, current, before
	}
	return previous[len(b)]
}
