package bot

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTokenizeTellsWhoSlackResolved(t *testing.T) {
	tests := []struct {
		name, text string
		want       []token
	}{
		{"person", "revoke <@U123ABC|bob> prod", []token{{text: "revoke"}, {kind: tokenUser, text: "@bob", ID: "U123ABC"}, {text: "prod"}}},
		{"personWithoutName", "<@W123ABC>", []token{{kind: tokenUser, text: "@W123ABC", ID: "W123ABC"}}},
		{"typedName", "@bob", []token{{text: "@bob"}}},
		{"typedEscape", "&lt;@U123ABC|bob&gt;", []token{{text: "<@U123ABC|bob>"}}},
		{"nameWithEntity", "<@U123ABC|b&amp;b c>", []token{{kind: tokenUser, text: "@b&b c", ID: "U123ABC"}}},
		{"nameWithOverride", "<@U123ABC|b\u202eob>", []token{{kind: tokenUser, text: "@bob", ID: "U123ABC"}}},
		{"noID", "<@bob>", []token{{text: "@bob"}}},
		{"channel", "<#C123|general>", []token{{kind: tokenChannel, text: "#general", ID: "C123"}}},
		{"channelWithoutName", "<#C123|>", []token{{kind: tokenChannel, text: "#C123", ID: "C123"}}},
		{"group", "<!subteam^S123|@team>", []token{{kind: tokenGroup, text: "@team", ID: "S123"}}},
		{"groupWithoutName", "<!subteam^S123>", []token{{kind: tokenGroup, text: "@S123", ID: "S123"}}},
		{"everybody", "<!here><!everyone|everyone>", []token{{kind: tokenBroadcast, text: "@here"}, {kind: tokenBroadcast, text: "@everyone", glued: true}}},
		{"date", "<!date^1700000000^{date}|14 Nov>", []token{{text: "14"}, {text: "Nov"}}},
		{"linkInWord", "(<https://x|label>)", []token{{text: "(label)"}}},
		{"mentionInWord", "x<@U123ABC|bob>y", []token{{text: "x"}, {kind: tokenUser, text: "@bob", ID: "U123ABC", glued: true}, {text: "y", glued: true}}},
		{"telephone", "<tel:123456>", []token{{text: "123456"}}},
		{"unclosed", "a < b", []token{{text: "a"}, {text: "<"}, {text: "b"}}},
		{"empty", "a <> b", []token{{text: "a"}, {text: "<>"}, {text: "b"}}},
		{"decodedOnce", "&amp;lt;&lt;", []token{{text: "&lt;<"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, tokenize(test.text), cmp.AllowUnexported(token{})); diff != "" {
				t.Errorf("tokenize(%q): (-want +got)\n%s", test.text, diff)
			}
		})
	}
}

func TestDigitValueKnowsEveryScript(t *testing.T) {
	for zero, nine := range map[rune]rune{'0': '9', '０': '９', '٠': '٩', '०': '९', '𝟎': '𝟗', '𝟘': '𝟡', '𝟶': '𝟿'} {
		if got := digitValue(zero); got != 0 {
			t.Errorf("digitValue(%q) = %d, want 0", zero, got)
		}
		if got := digitValue(nine); got != 9 {
			t.Errorf("digitValue(%q) = %d, want 9", nine, got)
		}
	}
}
