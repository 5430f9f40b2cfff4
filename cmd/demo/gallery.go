package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/assumebot/assumebot/cmd/demo/gallery"
	"github.com/assumebot/assumebot/cmd/demo/loopback"
)

// showGallery serves every golden message of the clone that dir is in, until ctx
// ends. It starts no bot.
func showGallery(ctx context.Context, dir string, port int, stdout io.Writer) error {
	groups, err := gallery.Read(ctx, dir)
	if err != nil {
		return err
	}
	handler, err := gallery.Handler(groups)
	if err != nil {
		return err
	}
	page, err := loopback.Listen(port, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "Every message of assumebot, as people see it, is at\n\n  %s\n\nCtrl-C ends it.\n", page.URL())
	if err != nil {
		return errors.Join(err, page.Close())
	}
	return page.Run(ctx, http.StripPrefix(page.Base(), handler))
}
