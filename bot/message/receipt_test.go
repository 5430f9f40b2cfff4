package message

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
)

const goldenKey = "example.com/assumebot+16a76eb2+AftsfywJr423sxkZbKi8UeHn6yTQptiJ2eJnYzF4QSe8"

func goldenReceipt(t *testing.T) broker.Receipt {
	t.Helper()
	leaf, _, err := event.Event{
		ID: "abcdefghijkl", Time: goldenTime, Actor: event.Actor{User: "U01ALICE", Team: "T0123", Name: "alice@example.com"},
		Data: event.GrantedData{Act: event.Act{Attempt: "a", Account: "prod"}},
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return broker.Receipt{
		Number: 4711, Leaf: leaf, Origin: "example.com/assumebot", Size: 4730, Keys: []string{goldenKey},
		Proof: "c2sp.org/tlog-proof@v1\nextra eyJ2IjoxfQ==\nindex 4711\nAAAA\n\nexample.com/assumebot\n4730\nBBBB\n\n\u2014 example.com/assumebot CCCC\n",
	}
}

func receiptMessages(t *testing.T) map[string]blockkit.Message {
	plain, cosigned := goldenReceipt(t), goldenReceipt(t)
	cosigned.Cosigned, cosigned.Lacking, cosigned.Keys = []string{"witness.example"}, []string{"other.example"}, []string{goldenKey, goldenKey}
	all := map[string]blockkit.Message{}
	for name, r := range map[string]broker.Receipt{"receipt": plain, "receipt_cosigned": cosigned} {
		m, err := Receipt(r)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = m
	}
	return all
}

// TestAReceiptIsWholeOrIsNotShown since a part of one proves nothing.
func TestAReceiptIsWholeOrIsNotShown(t *testing.T) {
	for _, size := range []int{100, 5_000, 11_000, 12_000, 13_000, 44_000} {
		r := goldenReceipt(t)
		r.Proof = strings.Repeat("x", size)
		m, err := Receipt(r)
		switch {
		case err != nil && broker.AsError(err, "").Code != broker.CodeTooLarge:
			t.Errorf("%d bytes: got %v", size, err)
		case err != nil && size <= 11_000:
			t.Errorf("%d bytes do not fit: %v", size, err)
		case err == nil && !m.Fits():
			t.Errorf("%d bytes: got a message that Slack does not take", size)
		}
	}
}
