package doctor

import (
	"context"
	"net/http"
	"time"

	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// recordLimit is for reading one checkpoint, or asking one witness.
const recordLimit = 10 * time.Second

// record looks at what keeps the record beside Redis. It writes nothing.
func (p Patient) record(ctx context.Context) []Finding {
	r := p.Config.Record
	looks := []look{
		{"record-keys", "", recordLimit, p.recordKeys},
		{"record-archive", "", recordLimit, p.archive},
	}
	for _, w := range r.Witnesses {
		looks = append(looks, look{"record-witness", w.URL, recordLimit, func(ctx context.Context) []Finding { return witness(ctx, w) }})
	}
	if len(r.Witnesses) == 0 {
		looks = append(looks, look{"record-witness", "", recordLimit, func(context.Context) []Finding {
			return warn("name some in record.witnesses", "there is none: whoever has the bot's keys can rewrite the record")
		}})
	}
	return together(ctx, atOnce, looks...)
}

// recordKeys is of what reading the settings has checked already: that the keys can be
// read, and that the record's is of the origin that the config names.
func (p Patient) recordKeys(context.Context) []Finding {
	s := p.Settings
	if s.EmbeddedRedis() {
		return fine("made at each start, since Redis is embedded")
	}
	signer, err := s.RecordSigner()
	if err != nil {
		return wrong("put a key there that `assumebot keygen record` printed", "ASSUMEBOT_RECORD_KEY: %v", err)
	}
	all := len(s.SealKeys) + len(s.RecordKeys)
	switch p.Wrapped {
	case 0:
		return fine("they sign the record %s, and seal with the newest of %d", signer.Origin(), len(s.SealKeys))
	case all:
		held := "; set wrapped_keys: required so that no start takes a key in clear"
		if p.Config.WrappedKeys {
			held = ", as wrapped_keys requires"
		}
		return fine("they sign the record %s, and seal with the newest of %d; KMS has opened all%s", signer.Origin(), len(s.SealKeys), held)
	}
	return warn("wrap the others too, with `assumebot keygen --kms KEY --wrap`", "KMS has opened %d of %d keys, and the others stand in clear", p.Wrapped, all)
}

func (p Patient) archive(ctx context.Context) (found []Finding) {
	place := p.Config.Record.Archive
	if place == "" {
		return warn("name a directory or a bucket in record.archive", "there is none: the record is where Redis is, and nowhere else")
	}
	r, err := app.OpenRecord(ctx, app.RecordPlace{Archive: place}, p.Settings, p.Getenv)
	if err != nil {
		return wrong("see that it is there, and that the bot may read and write it", "%v", err)
	}
	defer func() {
		if err := r.Close(); err != nil && found[0].State == OK {
			found = wrong("see that it is there", "%v", err)
		}
	}()
	_, next, err := r.Archived.Bounds(ctx)
	switch {
	case err != nil:
		return wrong("see that the bot may read it", "%s: %v", place, err)
	case next == 0:
		return fine("%s can be read, and is empty; that it can be written a start shows", place)
	}
	return fine("%s can be read, and has %d entries; that it can be written the next entry shows", place, next)
}

// witness asks whether anybody answers there. Whether that one cosigns this record only a
// checkpoint shows, and none is made for a look.
func witness(ctx context.Context, w config.Witness) []Finding {
	const see = "see that the URL is the witness's submission prefix, and that this host reaches it"
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL, nil)
	if err != nil {
		return wrong(see, "the URL cannot be asked")
	}
	client := webapi.NewHTTPClient() // follows no redirect
	answer, err := client.Do(r)
	if err != nil {
		return wrong(see, "it cannot be reached: %v", webapi.WithoutURL(err))
	}
	_ = answer.Body.Close() // nothing is read from it
	if answer.StatusCode >= http.StatusInternalServerError {
		return warn("ask whoever runs it", "it answers HTTP %d", answer.StatusCode)
	}
	return fine("it answers; whether it cosigns this record its next checkpoint shows")
}
