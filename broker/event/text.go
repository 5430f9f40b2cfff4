package event

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	"github.com/assumebot/assumebot/broker/text"
)

// Free text can be erased although the tree stays as it is: the leaf holds only the
// SHA-256 of a random salt and the text. Both travel beside the leaf, in the aside, a
// JSON object of texts by their digests. Without the salt nobody can find out by trying
// what an erased text was. Copies of one Text in several Events have one digest, so
// whoever erases one finds the others.

const (
	// MaxText is how many characters a Text has at most.
	MaxText  = 2048
	saltSize = 16
)

// A Text is what a person wrote, or words of a file of theirs. Its zero value is none.
type Text struct {
	text   string
	salt   []byte
	digest string // hex of SHA-256(salt || text); "" of none
	state  textState
}

type textState int

const (
	there textState = iota
	erased
	altered
)

// NewText is a text with a salt of its own; none of "". It is made one line and cut to MaxText.
func NewText(of string) Text {
	return rawText(oneLine(of, MaxText))
}

// rawText is a text as it is, which has to be UTF-8; none of "".
func rawText(of string) Text {
	if of == "" {
		return Text{}
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // it never fails
	return Text{text: of, salt: salt, digest: digestOf(salt, of)}
}

func digestOf(salt []byte, text string) string {
	sum := sha256.Sum256(append(salt[:len(salt):len(salt)], text...))
	return hex.EncodeToString(sum[:])
}

// String is the text; "" of none, and of one that is not there any more.
func (t Text) String() string { return t.text }

// IsZero reports whether there never was a text.
func (t Text) IsZero() bool { return t.digest == "" }

// Digest is what the leaf holds of it; "" of none.
func (t Text) Digest() string { return t.digest }

// Erased reports whether there was a text, and its aside is not there.
func (t Text) Erased() bool { return t.state == erased }

// Altered reports whether what travels beside the leaf is not the text that was written.
func (t Text) Altered() bool { return t.state == altered }

// Texts are the texts of e, also those that are not there any more; none of an Event of a
// kind that is not known.
func (e Event) Texts() []Text {
	if e.Data == nil {
		return nil
	}
	v := reflect.New(reflect.TypeOf(e.Data)).Elem()
	v.Set(reflect.ValueOf(e.Data))
	var out []Text
	eachText(v, false, func(t *Text, _ bool) {
		if !t.IsZero() {
			out = append(out, *t)
		}
	})
	return out
}

// Equal reports whether t and other are the same text in the same state.
func (t Text) Equal(other Text) bool {
	return t.digest == other.digest && t.text == other.text && t.state == other.state
}

// digested is how the leaf holds a Text.
type digested struct {
	SHA256 string `json:"sha256"`
}

// MarshalJSON implements json.Marshaler: it writes the digest alone.
func (t Text) MarshalJSON() ([]byte, error) { return json.Marshal(digested{t.digest}) }

// UnmarshalJSON implements json.Unmarshaler: the text itself is not there then.
func (t *Text) UnmarshalJSON(data []byte) error {
	var d digested
	if err := json.Unmarshal(data, &d); err != nil {
		return err
	}
	if sum, err := hex.DecodeString(d.SHA256); err != nil || len(sum) != sha256.Size || hex.EncodeToString(sum) != d.SHA256 {
		return fmt.Errorf("a text whose digest is %.70q", d.SHA256)
	}
	*t = Text{digest: d.SHA256, state: erased}
	return nil
}

// A besides is one text in the aside.
type besides struct {
	Salt string `json:"salt"` // hex
	Text string `json:"text"`
}

// texts are the texts of one Event by their digests.
type texts map[string]besides

var textType = reflect.TypeFor[Text]()

// collect adds the texts in v that are there.
func (ts texts) collect(v reflect.Value) {
	eachText(v, false, func(t *Text, _ bool) {
		if t.digest != "" && t.state == there {
			ts[t.digest] = besides{Salt: hex.EncodeToString(t.salt), Text: t.text}
		}
	})
}

func (ts texts) encode() ([]byte, error) {
	if len(ts) == 0 {
		return nil, nil
	}
	return marshal(ts)
}

// decodeTexts reads an aside; what cannot be read has no text. nil means that there is none.
func decodeTexts(aside []byte) texts {
	if len(aside) == 0 {
		return nil
	}
	ts := texts{}
	if len(aside) > MaxLeaf || json.Unmarshal(aside, &ts) != nil || ts == nil {
		return texts{}
	}
	return ts
}

// restore puts texts into v where they are those whose digests stand there.
func (ts texts) restore(v reflect.Value) {
	eachText(v, false, func(t *Text, raw bool) {
		if t.digest == "" || ts == nil {
			return
		}
		t.state = altered
		found := ts[t.digest]
		if salt, err := hex.DecodeString(found.Salt); err == nil && len(salt) == saltSize && digestOf(salt, found.Text) == t.digest {
			*t = Text{text: found.Text, salt: salt, digest: t.digest}
			if !raw {
				t.text = oneLine(t.text, MaxText)
			}
		}
	})
}

// eachText calls f for every Text in v, which can be set, and says whether it is raw.
func eachText(v reflect.Value, raw bool, f func(t *Text, raw bool)) {
	switch {
	case v.Type() == textType:
		f(v.Addr().Interface().(*Text), raw)
	case v.Kind() == reflect.Struct:
		for _, field := range textFieldsOf(v.Type()) {
			eachText(v.Field(field.index), field.raw, f)
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			eachText(v.Index(i), raw, f)
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		eachText(v.Elem(), raw, f)
	}
}

// A textField is a field of a struct that is a Text, or may have one in it.
type textField struct {
	index int
	raw   bool
}

var textFields sync.Map // by reflect.Type, []textField

// textFieldsOf are those of a struct. Types are looked through once.
func textFieldsOf(t reflect.Type) []textField {
	if found, ok := textFields.Load(t); ok {
		return found.([]textField)
	}
	var found []textField
	for i := range t.NumField() {
		if mayHoldText(t.Field(i).Type) {
			_, raw := bound(t.Field(i))
			found = append(found, textField{i, raw})
		}
	}
	textFields.Store(t, found)
	return found
}

func mayHoldText(t reflect.Type) bool {
	switch {
	case t == textType:
		return true
	case t == timeType:
		return false
	case t.Kind() == reflect.Struct:
		return len(textFieldsOf(t)) > 0
	case t.Kind() == reflect.Slice, t.Kind() == reflect.Pointer:
		return mayHoldText(t.Elem())
	}
	return false
}

func oneLine(of string, most int) string { return text.AtMost(text.OneLine(cutBytes(of, most)), most) }
