package browsertest

import (
	"bytes"
	"cmp"
	"flag"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Pictures reports whether the pictures of the docs are to be made anew.
func Pictures() bool { return *pictures }

var pictures = flag.Bool("pictures", false, "make the pictures in deploy/docs anew")

// maxPicture is what a picture in the docs may have, in bytes.
const maxPicture = 150 << 10

// Keep makes what the page shows now the picture of that name in deploy/docs. One
// that looks the same is left alone: keys are random, and clocks go on.
func (tab *Tab) Keep(name string) {
	tab.t.Helper()
	path := filepath.Join(top(tab), "deploy", "docs", name+".png")
	taken, err := png.Decode(bytes.NewReader(tab.Picture()))
	if err != nil {
		tab.t.Fatal(err)
	}
	if old, err := os.ReadFile(path); err == nil {
		if before, err := png.Decode(bytes.NewReader(old)); err == nil && alike(before, taken) {
			tab.t.Logf("%s looks as it did", path)
			return
		}
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, small(taken)); err != nil {
		tab.t.Fatal(err)
	}
	if out.Len() > maxPicture {
		tab.t.Errorf("%s has %d bytes, want at most %d", path, out.Len(), maxPicture)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		tab.t.Fatal(err)
	}
	tab.t.Logf("%s is new: %d bytes", path, out.Len())
}

// top is the top of the clone.
func top(tab *Tab) string {
	tab.t.Helper()
	dir, err := filepath.Abs(".")
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	tab.t.Fatalf("no go.mod above the tests: %v", err)
	return ""
}

// Two pictures are alike when fewer of their pixels differ than one in unlike, each by more
// than a shade.
const (
	unlike = 50
	shade  = 0x1800
)

func alike(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	differ, box := 0, a.Bounds()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			if far(a.At(x, y), b.At(x, y)) {
				differ++
			}
		}
	}
	return differ*unlike < box.Dx()*box.Dy()
}

func far(a, b color.Color) bool {
	r, g, bl, _ := a.RGBA()
	r2, g2, bl2, _ := b.RGBA()
	return max(r, r2)-min(r, r2) > shade || max(g, g2)-min(g, g2) > shade || max(bl, bl2)-min(bl, bl2) > shade
}

// small has the picture's commonest colours alone, the others being the nearest of
// them: what stands between are the edges of letters.
func small(m image.Image) image.Image {
	box := m.Bounds()
	count := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(m.At(x, y)).(color.RGBA) }
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	common := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(count[b]-count[a], cmp.Compare(key(a), key(b)))
	})
	palette := color.Palette{}
	for _, c := range common[:min(256, len(common))] {
		palette = append(palette, c)
	}
	nearest := map[color.RGBA]uint8{}
	for c := range count {
		nearest[c] = uint8(palette.Index(c))
	}
	out := image.NewPaletted(box, palette)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			out.SetColorIndex(x, y, nearest[at(x, y)])
		}
	}
	return out
}

// key gives colours of the same count an order.
func key(c color.RGBA) int { return int(c.R)<<16 | int(c.G)<<8 | int(c.B) }
