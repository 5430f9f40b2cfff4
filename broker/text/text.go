// Package text is what is done to strings alone: made one line of what a person
// sees, made safe for a terminal, compared with what was meant.
package text

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// OneLine makes one line of text, as a person sees it: no controls, no bidi
// overrides or isolates, nothing that shows nothing, white space folded to single
// spaces. A joiner stays where a script or an emoji needs it, a variation selector
// where there is something to vary.
func OneLine(text string) string {
	if plain(text) {
		return text
	}
	return folded(text)
}

// plain reports whether text is visible ASCII with single spaces between: most is.
func plain(text string) bool {
	gap := true // a space at the begin, or after one, is folded
	for i := range len(text) {
		switch c := text[i]; {
		case c == ' ' && !gap:
			gap = true
		case c > ' ' && c <= '~':
			gap = false
		default:
			return false
		}
	}
	return !gap || text == ""
}

// folded is OneLine of what is not plain.
func folded(text string) string {
	var out strings.Builder
	gap, before := false, rune(0)
	for _, r := range text {
		switch {
		case IsGap(r):
			gap = out.Len() > 0
			continue
		case unicode.Is(unicode.Co, r): // anything may be drawn there
			r = unicode.ReplacementChar
		case joins(r):
			// Behind ASCII it only hides that two words differ.
			if gap || before < utf8.RuneSelf || isJoiner(before) || joins(before) && !isJoiner(r) {
				continue
			}
		case showsNothing(r):
			continue
		}
		if gap {
			out.WriteByte(' ')
		}
		out.WriteRune(r)
		gap, before = false, r
	}
	return out.String()
}

// SaysSomething reports whether whoever reads text sees anything: a letter, digit,
// sign or symbol. It is the one meaning of "a reason was given".
func SaysSomething(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && r != utf8.RuneError && !showsNothing(r)
	})
}

// AtMost cuts text after n characters, and shows that it did.
func AtMost(text string, n int) string {
	if len(text) <= n || utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}

// IsGap reports whether r parts words: white space, line ends, controls, the
// zero-width space, which stands where a line may break, and the blank of Braille.
func IsGap(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\u200b' || r == brailleBlank
}

const brailleBlank = '\u2800'

// joins reports whether r shows nothing itself and belongs to what stands before
// it: the two joiners, and what chooses a form of a character.
func joins(r rune) bool { return isJoiner(r) || r >= '\ufe00' && r <= '\ufe0f' }

func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// showsNothing reports whether r is drawn as nothing or as a blank although it is
// no white space: what Unicode lets a program ignore, and the fillers and blanks
// that are letters and symbols by their category.
// https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
func showsNothing(r rune) bool {
	switch r {
	case brailleBlank,
		'\U00016fe4',               // KHITAN SMALL SCRIPT FILLER
		'\U00013441', '\U00013442', // EGYPTIAN HIEROGLYPH FULL BLANK and HALF BLANK
		'\U0001d159': // MUSICAL SYMBOL NULL NOTEHEAD
		return true
	}
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

const (
	// maxFieldText and maxFieldList bound what an Event, a Grant or an Order says in
	// one field. The longest that AWS has, an ARN, is 2,048 characters.
	maxFieldText = 2048
	maxFieldList = 5000
)

// CleanFields makes every string of a struct one line, and cuts what is longer
// than such a field can be. Lists are cut as well, and say so.
func CleanFields(of any) {
	v := reflect.ValueOf(of).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case f.Kind() == reflect.String:
			f.SetString(fieldText(f.String()))
		case f.Type() == reflect.TypeFor[[]string]():
			f.Set(reflect.ValueOf(fieldList(f.Interface().([]string))))
		}
	}
}

func fieldText(text string) string {
	if len(text) > maxFieldText*utf8.UTFMax {
		text = text[:maxFieldText*utf8.UTFMax] // so that a megabyte costs nothing
		text = strings.ToValidUTF8(text, "") + "…"
	}
	return AtMost(OneLine(text), maxFieldText)
}

func fieldList(list []string) []string {
	if list == nil {
		return nil
	}
	out := make([]string, 0, min(len(list), maxFieldList))
	for i, text := range list {
		if i == maxFieldList-1 && len(list) > maxFieldList {
			return append(out, fmt.Sprintf("and %d more", len(list)-i))
		}
		out = append(out, fieldText(text))
	}
	return out
}
