package typed

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTokenizeTellsWhoSlackResolved(t *testing.T) {
	tests := []struct {
		name, text string
		want       []Token
	}{
		{"person", "revoke <@U123ABC|bob> prod", []Token{{Text: "revoke"}, {Kind: KindUser, Text: "@bob", ID: "U123ABC"}, {Text: "prod"}}},
		{"personWithoutName", "<@W123ABC>", []Token{{Kind: KindUser, Text: "@W123ABC", ID: "W123ABC"}}},
		{"typedName", "@bob", []Token{{Text: "@bob"}}},
		{"typedEscape", "&lt;@U123ABC|bob&gt;", []Token{{Text: "<@U123ABC|bob>"}}},
		{"nameWithEntity", "<@U123ABC|b&amp;b c>", []Token{{Kind: KindUser, Text: "@b&b c", ID: "U123ABC"}}},
		{"nameWithOverride", "<@U123ABC|b\u202eob>", []Token{{Kind: KindUser, Text: "@bob", ID: "U123ABC"}}},
		{"noID", "<@bob>", []Token{{Text: "@bob"}}},
		{"channel", "<#C123|general>", []Token{{Kind: KindChannel, Text: "#general", ID: "C123"}}},
		{"channelWithoutName", "<#C123|>", []Token{{Kind: KindChannel, Text: "#C123", ID: "C123"}}},
		{"group", "<!subteam^S123|@team>", []Token{{Kind: KindGroup, Text: "@team", ID: "S123"}}},
		{"groupWithoutName", "<!subteam^S123>", []Token{{Kind: KindGroup, Text: "@S123", ID: "S123"}}},
		{"everybody", "<!here><!everyone|everyone>", []Token{{Kind: KindBroadcast, Text: "@here"}, {Kind: KindBroadcast, Text: "@everyone", Glued: true}}},
		{"date", "<!date^1700000000^{date}|14 Nov>", []Token{{Text: "14"}, {Text: "Nov"}}},
		{"linkInWord", "(<https://x|label>)", []Token{{Text: "(label)"}}},
		{"mentionInWord", "x<@U123ABC|bob>y", []Token{{Text: "x"}, {Kind: KindUser, Text: "@bob", ID: "U123ABC", Glued: true}, {Text: "y", Glued: true}}},
		{"telephone", "<tel:123456>", []Token{{Text: "123456"}}},
		{"unclosed", "a < b", []Token{{Text: "a"}, {Text: "<"}, {Text: "b"}}},
		{"empty", "a <> b", []Token{{Text: "a"}, {Text: "<>"}, {Text: "b"}}},
		{"decodedOnce", "&amp;lt;&lt;", []Token{{Text: "&lt;<"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Tokens(test.text), cmp.AllowUnexported(Token{})); diff != "" {
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
