package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

const (
	schemaKey   = "assumebot:schema"
	newerSchema = 2
)

var schemaTests = []test{
	{"the first start notes it, and later ones leave it", schemaNoted},
	{"a newer one is refused at the start, and seen by who runs", schemaNewer},
	{"what no replica wrote counts as none", schemaForged},
	{"a newer value is refused by itself", schemaOfValues},
}

// WriteNewerSchema has the Redis at url say that a newer release wrote to it, as one with
// the seal key does.
func WriteNewerSchema(t testing.TB, url string, key secret.Text) {
	t.Helper()
	s, err := store.Open(context.Background(), store.Options{URL: secret.New(url), SealKeys: []secret.Text{key}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	macs := s.LogKeys.MACs(fmt.Appendf(nil, "assumebot schema %d", newerSchema))
	if err := Raw(t, url).Set(context.Background(), schemaKey, fmt.Sprintf("%d %s", newerSchema, macs), 0).Err(); err != nil {
		t.Fatal(err)
	}
}

func schemaNoted(t testing.TB, h *harness) {
	for range 2 {
		if err := h.Schema.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := h.Schema.Look(t.Context()); err != nil {
			t.Error(err)
		}
	}
	h.needsShared(t)
	noted := h.raw.Get(t.Context(), schemaKey).Val()
	if err := h.replica(t, KeyOne).Schema.Enter(t.Context()); err != nil || noted == "" || h.raw.Get(t.Context(), schemaKey).Val() != noted {
		t.Errorf("got %v, and %q, want that it stays %q", err, h.raw.Get(t.Context(), schemaKey).Val(), noted)
	}
}

func schemaNewer(t testing.TB, h *harness) {
	h.needsShared(t)
	WriteNewerSchema(t, h.url, KeyOne)
	noted := h.raw.Get(t.Context(), schemaKey).Val()
	_, opening := store.Open(t.Context(), store.Options{URL: secret.New(h.url), SealKeys: []secret.Text{KeyOne}})
	for what, err := range map[string]error{"Open": opening, "Look": h.Schema.Look(t.Context()), "Enter": h.Schema.Enter(t.Context())} {
		const says = "what this Redis holds has schema 2, and this release of assumebot reads up to 1: a newer release wrote it; " +
			"start the release that wrote it, or a later one (deploy/docs/operations.md#upgrade)"
		if !store.NeedsPerson(err) || !errors.Is(err, broker.ErrNewer) || err.Error() != says {
			t.Errorf("%s: got %v, want %s", what, err, says)
		}
	}
	if got := h.raw.Get(t.Context(), schemaKey).Val(); got != noted {
		t.Errorf("got %q, want that it stays %q", got, noted)
	}
}

func schemaForged(t testing.TB, h *harness) {
	h.needsShared(t)
	WriteNewerSchema(t, h.url, KeyTwo)
	for _, text := range []string{h.raw.Get(t.Context(), schemaKey).Val(), "2", "2 x=y", "-1", "x", " ", "99999999999999999999"} {
		if err := h.raw.Set(t.Context(), schemaKey, text, 0).Err(); err != nil {
			t.Fatal(err)
		}
		s := h.replica(t, KeyOne)
		if err := s.Schema.Look(t.Context()); err != nil {
			t.Errorf("%q: got %v, want none", text, err)
		}
		if err := s.Schema.Enter(t.Context()); err != nil || h.raw.Get(t.Context(), schemaKey).Val() == text {
			t.Errorf("%q: got %v, and that it stays", text, err)
		}
	}
}

// schemaOfValues takes values of each way to be kept that a release writes which is newer.
func schemaOfValues(t testing.TB, h *harness) {
	h.needsShared(t)
	ctx, now := t.Context(), time.Now()
	g, c := broker.Grant{ID: "g1", User: "U01ALICE", Account: "prod", AccessKeyID: "ASIA1", Issued: now, Expires: now.Add(time.Hour)},
		secret.Credentials{AccessKeyID: "ASIA1", Expires: now.Add(time.Hour)}
	_, err := h.Grants.SaveGrant(ctx, g, c, time.Minute)
	for _, err := range []error{
		err,
		h.Orders.Block(ctx, "U01ALICE", broker.Order{By: "U09ADMIN", At: now}),
		h.SealedKeys.SaveKey(ctx, "U01ALICE", broker.RegisteredKey{Text: "age1x"}),
		h.Approvals.SaveApproval(ctx, approval.Approval{ID: "a1", User: "U01ALICE"}, time.Minute),
		h.Sessions.SaveMFASession(ctx, broker.Session{ID: "s1", User: "U01ALICE", MFASerial: "m", AccessKeyID: "ASIA1", Expires: c.Expires}, c, nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for part, read := range map[string]func() error{
		":credentials:": func() error { _, _, err := h.Grants.FindGrant(ctx, "U01ALICE", "g1"); return err },
		":grant:":       func() error { _, err := h.Grants.LiveGrants(ctx, "U01ALICE"); return err },
		":blocked":      func() error { _, _, err := h.Orders.Orders(ctx, "U01ALICE"); return err },
		":publickey":    func() error { _, _, err := h.SealedKeys.LoadKey(ctx, "U01ALICE"); return err },
		":approval:":    func() error { _, _, err := h.Approvals.LoadApproval(ctx, "U01ALICE", "a1"); return err },
		":mfa":          func() error { _, _, _, err := h.Sessions.FindMFASession(ctx, "U01ALICE"); return err },
	} {
		if err := read(); err != nil {
			t.Errorf("%s before: %v", part, err)
		}
		key := h.only(t, part)
		kept := h.raw.Get(ctx, key).Val()
		newer := `{"v":2,"id":["of","another","type"]}`
		if kept[0] != '{' {
			newer = "\x02" + kept[1:]
		}
		if err := h.raw.Set(ctx, key, newer, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
		if err := read(); !errors.Is(err, broker.ErrNewer) || errors.Is(err, broker.ErrKeyUnreadable) {
			t.Errorf("%s: got %v, want that a newer release wrote it", key, err)
		}
		if err := h.raw.Set(ctx, key, kept, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
	}
}
