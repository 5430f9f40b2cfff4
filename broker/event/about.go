package event

import "reflect"

// About is what an Event of any kind is about, for those who look for Events. What its
// kind does not have is empty.
type About struct {
	Account    string
	Target     Person // whom somebody else did it to, or for
	Purpose    string
	BreakGlass bool
	Failure    Failure
	Issued     Issued
}

// About reads it from the fields that payloads share.
func (e Event) About() About {
	var a About
	data := reflect.ValueOf(e.Data)
	if data.Kind() != reflect.Struct {
		return a
	}
	into := reflect.ValueOf(&a).Elem()
	for i := range into.NumField() {
		to := into.Field(i)
		if from := data.FieldByName(into.Type().Field(i).Name); from.IsValid() && from.Type() == to.Type() {
			to.Set(from)
		}
	}
	return a
}
