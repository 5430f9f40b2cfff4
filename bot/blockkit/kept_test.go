package blockkit_test

import (
	"encoding/json"
	"testing"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
)

func TestWhatIsKeptOfAMessageIsNeverAnothersBlocks(t *testing.T) {
	kept := blockkit.NewMessage("one", blockkit.Paragraph("one")).Keep()
	first, err := kept.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := kept.JSON(); &again[0] != &first[0] {
		t.Error("it is encoded again")
	}
	longer, other, none := kept, kept, kept
	longer.Blocks = append(longer.Blocks, slack.NewDividerBlock())
	other.Blocks = []slack.Block{slack.NewDividerBlock()}
	none.Blocks = nil
	replaced := longer
	replaced.Blocks = []slack.Block{slack.NewDividerBlock(), longer.Blocks[1]}
	two := longer.Keep()
	two.Blocks = append(two.Blocks, slack.NewDividerBlock())
	for _, m := range []blockkit.Message{kept, longer, other, none, replaced, two} {
		want, err := json.Marshal(m.Blocks)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.JSON(); err != nil || string(got) != string(want) {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
	if len(kept.Blocks) != 1 || cap(kept.Blocks) != 1 {
		t.Error("what is appended to a copy could be written into it")
	}
}
