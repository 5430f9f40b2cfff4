package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
)

const (
	// maxWhy is the most bytes of its sentence.
	maxWhy      = 512
	markVersion = "assumebot record stopped v1"
)

// A mark is what a replica leaves that has stopped.
type mark struct {
	Origin  string    `json:"origin"`
	Replica string    `json:"replica"`
	Time    time.Time `json:"time"`
	Size    int64     `json:"size"` // of the tree that should be there
	Root    []byte    `json:"root"`
	First   int64     `json:"first,omitempty"`
	Lost    bool      `json:"lost,omitempty"`
	Why     string    `json:"why"`
}

// A sealedMark is how it is kept.
type sealedMark struct {
	Mark []byte `json:"mark"`
	MACs string `json:"macs"`
}

func markMessage(body []byte) []byte { return append([]byte(markVersion+"\n"), body...) }

func (m mark) seal(keys entry.Keys) ([]byte, error) {
	if len(m.Why) > maxWhy {
		m.Why = m.Why[:maxWhy]
	}
	body, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(sealedMark{body, keys.MACs(markMessage(body))})
	if err == nil && len(data) > entry.MaxMark {
		err = fmt.Errorf("it has %d bytes", len(data))
	}
	return data, err
}

func openMark(data []byte, keys entry.Keys) (m mark, err error) {
	var s sealedMark
	if len(data) > entry.MaxMark {
		return mark{}, errors.New("it is too long")
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return mark{}, errors.New("it is not understood")
	}
	if len(s.MACs) > entry.MaxMACs || !keys.Check(s.MACs, markMessage(s.Mark)) {
		return mark{}, errors.New("no replica with our seal keys left it")
	}
	err = json.Unmarshal(s.Mark, &m)
	if err == nil && (m.Size < 0 || m.Size > tree.MaxSize || m.First < 0 || m.First > m.Size || len(m.Root) != entry.RootSize || !utf8.ValidString(m.Why)) {
		err = errors.New("its numbers are none that a record has")
	}
	return m, err
}
