package archive_test

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/tree"
)

func TestOnlyPathsOfAnArchiveArePaths(t *testing.T) {
	for path, want := range map[string]archive.Kind{
		"checkpoint":                         archive.KindCheckpoint,
		"tile/0/000":                         archive.KindFull,
		"tile/5/001":                         archive.KindFull,
		"tile/0/x001/x234/067":               archive.KindFull,
		"tile/0/x001/234.p/5":                archive.KindPartial,
		"tile/0/000.p/255":                   archive.KindPartial,
		"tile/entries/x009/007":              archive.KindFull,
		"tile/entries/x009/007.p/31":         archive.KindPartial,
		"seals/x009/007":                     archive.KindFull,
		"seals/x009/007.p/31":                archive.KindPartial,
		"aside/004":                          archive.KindAside,
		"aside/x004/711":                     archive.KindAside,
		"aside/x009/x007/x199/x254/x740/991": archive.KindAside,

		"": 0, "/checkpoint": 0, "checkpoint/": 0, "./checkpoint": 0, "checkpoint\n": 0, "Checkpoint": 0,
		"tile/0/../0/000": 0, "tile/0/000/..": 0, "tile/0/0": 0, "tile/0/0000": 0, "tile/63/000": 0, "tile/64/000": 0, "tile/00/000": 0, "tile/-1/000": 0,
		"tile/8/0/000": 0, "tile/0/x000/001": 0, "tile/0/x001": 0, "tile/0/001/002": 0, "tile/0/000.p": 0, "tile/0/000.p/0": 0,
		"tile/0/000.p/05": 0, "tile/0/000.p/256": 0, "tile/0/000.p/1/2": 0, "tile/data/000": 0, "tile/0/٠٠٠": 0,
		"aside/x009/x007/x199/x254/x740/992": 0, "aside/000.p/5": 0, "aside/4711": 0, "aside/": 0, ".tmp/000": 0, "tile/0/x001/x001/x001/x001/x001/x001/001": 0,
		"seals/0/000": 0, "seals/": 0, "seals/tile/entries/000": 0,
		"tile/0/" + strings.Repeat("x001/", 10_000) + "001": 0,
	} {
		got, err := archive.KindOf(path)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%.60q: got %d and %v, want %d", path, got, err, want)
		}
		if err != nil && len(err.Error()) > 200 {
			t.Errorf("got an error of %d bytes, want it bounded", len(err.Error()))
		}
	}
}

func FuzzKindOf(f *testing.F) {
	for _, path := range []string{"checkpoint", "tile/0/x001/234.p/5", "tile/entries/000", "aside/x004/711", "tile/0/../000"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if kind, err := archive.KindOf(path); err == nil && (kind == 0 || len(path) > 80 || strings.Contains(path, "..") || strings.HasPrefix(path, "/")) {
			t.Errorf("%q: got %d, want a refusal", path, kind)
		}
	})
}

func TestThePathOfFreeTextIsThatOfItsEntry(t *testing.T) {
	for number, want := range map[int64]string{0: "aside/000", 4711: "aside/x004/711", tree.MaxSize - 1: "aside/x009/x007/x199/x254/x740/991"} {
		got := archive.AsidePath(number)
		if kind, err := archive.KindOf(got); got != want || kind != archive.KindAside || err != nil {
			t.Errorf("got %s, of kind %d and %v, want %s", got, kind, err, want)
		}
	}
}
