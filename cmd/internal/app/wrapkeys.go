package app

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/secret"
)

// A Wrapper has one key of KMS wrap keys, with the identity and the settings of whoever calls.
type Wrapper struct {
	aws *awsapi.Client
	key string
}

// OpenWrapper takes a key of KMS by its ARN, ID or alias/NAME, or any of these after awskms:///.
func OpenWrapper(ctx context.Context, key string, getenv func(string) string) (*Wrapper, error) {
	key = strings.TrimPrefix(key, "awskms:///")
	if key == "" || strings.ContainsAny(key, "?# ,") || strings.Contains(key, "://") {
		return nil, errors.New("the key of KMS is an ARN, a key ID or alias/NAME, such as awskms:///alias/assumebot")
	}
	aws, err := openToolAWS(ctx, getenv)
	if err != nil {
		return nil, err
	}
	return &Wrapper{aws, key}, nil
}

// NewSealKey returns an entry for ASSUMEBOT_SEAL_KEYS, of which nobody has seen the key.
func (w *Wrapper) NewSealKey(ctx context.Context, origin string) (string, error) {
	k, err := w.aws.WrapNew(ctx, w.key, wrapContext(purposeSeal, origin))
	return k.String(), err
}

// RecordKey wraps a private key of the record for ASSUMEBOT_RECORD_KEY.
func (w *Wrapper) RecordKey(ctx context.Context, private secret.Text) (string, error) {
	signer, err := tree.NewSigner(private.Reveal())
	if err != nil {
		return "", err
	}
	k, err := w.aws.Wrap(ctx, w.key, wrapContext(purposeRecord, signer.Origin()), private)
	return k.String(), err
}

// SealKeys wraps the clear keys of a list; those that are wrapped already stay.
func (w *Wrapper) SealKeys(ctx context.Context, list, origin string) ([]string, error) {
	r := settingsReader{}
	keys := r.sealKeys(list)
	if err := errors.Join(r.problems...); err != nil {
		return nil, err
	}
	return each(keys, func(key secret.Text) (string, error) {
		raw, err := base64.StdEncoding.DecodeString(key.Reveal())
		if err != nil {
			return "", errors.New("a seal key is not base64")
		}
		defer clear(raw)
		k, err := w.aws.Wrap(ctx, w.key, wrapContext(purposeSeal, origin), secret.New(string(raw)))
		return k.String(), err
	})
}

// RecordKeys wraps the clear keys of a list, which all are of the record called origin.
func (w *Wrapper) RecordKeys(ctx context.Context, list, origin string) ([]string, error) {
	r := settingsReader{}
	keys := r.recordKeys(list)
	if err := errors.Join(r.problems...); err != nil {
		return nil, err
	}
	return each(keys, func(key secret.Text) (string, error) {
		if signer, err := tree.NewSigner(key.Reveal()); err != nil || signer.Origin() != origin {
			return "", fmt.Errorf("a key is not of the record %s", origin)
		}
		return w.RecordKey(ctx, key)
	})
}

func each(keys []secret.Text, wrap func(secret.Text) (string, error)) ([]string, error) {
	var out []string
	for i, key := range keys {
		entry := key.Reveal()
		if !awsapi.IsWrappedKey(entry) {
			var err error
			if entry, err = wrap(key); err != nil {
				return nil, fmt.Errorf("key %d: %w", i+1, err)
			}
		}
		out = append(out, entry)
	}
	return out, nil
}
