package web

import (
	"testing"

	"github.com/assumebot/assumebot/cmd/demo/browsertest"
)

// TestPictures makes the pictures of README and docs anew, with -pictures.
func TestPictures(t *testing.T) {
	if !browsertest.Pictures() {
		t.Skip("go test ./cmd/demo/web ./cmd/demo/gallery -run TestPictures -pictures makes them anew")
	}
	t.Run("demo-desktop", func(t *testing.T) {
		g := arrive(t, browsertest.Look{Width: 1600, Height: 900})
		g.Press(".column#two .places", "#aws-audit")
		g.send("1")
		g.at("wrong-code")
		g.Sees(".column#two .log", "Granted prod")
		g.Sees("[data-source=aws]", "200 OK")
		g.Keep("demo-desktop")
	})
	t.Run("demo-dark", func(t *testing.T) {
		g := arrive(t, browsertest.Look{Width: 1600, Height: 900, Dark: true})
		g.ask("vault")
		g.Keep("demo-dark")
	})
	t.Run("demo-phone", func(t *testing.T) {
		g := arrive(t, browsertest.Phone)
		g.ask("prod")
		g.Keep("demo-phone")
	})
}
