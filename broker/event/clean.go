package event

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// What is written and what is read back goes through the same bounds: the tag max of a
// string field is how many characters it has at most, that of a list of strings how
// many each has.

var timeType = reflect.TypeFor[Time]()

// clean makes every string that of points to one line within its bound, and every time
// one of milliseconds. It refuses numbers that not every reader of JSON has exactly. Of
// what is clean it writes nothing: others may read the lists in it at the same time.
func clean(of any) error { return cleanValue(reflect.ValueOf(of).Elem(), 0) }

func cleanValue(v reflect.Value, most int) error {
	switch {
	case v.Type() == timeType:
		t := v.Addr().Interface().(*Time)
		if at := At(t.Time); at != *t {
			*t = at
		}
	case v.Type() == textType:
	case v.Kind() == reflect.String:
		if most == 0 {
			return errors.New("a string without a bound")
		}
		if line := oneLine(v.String(), most); line != v.String() {
			v.SetString(line)
		}
	case v.CanInt():
		if n := v.Int(); n < 0 || n > maxNumber {
			return fmt.Errorf("the number %d is out of bounds", n)
		}
	case v.Kind() == reflect.Struct:
		return cleanStruct(v)
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return cleanValue(v.Elem(), most)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		for i := range v.Len() {
			if err := cleanValue(v.Index(i), most); err != nil {
				return err
			}
		}
	}
	return nil
}

func cleanStruct(v reflect.Value) error {
	for _, f := range fieldsOf(v.Type()) {
		if err := cleanValue(v.Field(f.index), f.most); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// A cleaned is a field of a struct that is cleaned.
type cleaned struct {
	index, most int
	name        string
}

var fields sync.Map // by reflect.Type, []cleaned

// fieldsOf are the fields of a struct that are cleaned. Tags are read once.
func fieldsOf(t reflect.Type) []cleaned {
	if found, ok := fields.Load(t); ok {
		return found.([]cleaned)
	}
	var found []cleaned
	for i := range t.NumField() {
		if most, raw := bound(t.Field(i)); !raw {
			found = append(found, cleaned{i, most, t.Field(i).Name})
		}
	}
	fields.Store(t, found)
	return found
}

// bound is the tag max of a field; raw says that it is kept byte by byte.
func bound(f reflect.StructField) (most int, raw bool) {
	tag := f.Tag.Get("max")
	if tag == "raw" {
		return 0, true
	}
	most, _ = strconv.Atoi(tag)
	return most, false
}

// cutBytes cuts what has more bytes than most characters can have, so that a megabyte
// costs nothing; what is left still has more characters than most.
func cutBytes(of string, most int) string {
	if len(of) <= (most+1)*utf8.UTFMax {
		return of
	}
	return strings.ToValidUTF8(of[:(most+1)*utf8.UTFMax], "") + "…"
}
