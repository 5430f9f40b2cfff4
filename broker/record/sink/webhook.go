package sink

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/endpoint"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/retry"
	"github.com/assumebot/assumebot/broker/secret"
)

// A Webhook posts entries to a URL as a JSON array, signed as Standard Webhooks has it:
// HMAC-SHA256 over the message's ID, the time and the body.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
//
// What it answers decides: 2xx is taken; 400, 413 and 422 find fault with what was sent, so
// it is sent in smaller parts, and the entry that is refused alone is not sent again; all
// else comes again, later.
type Webhook struct {
	Name   string
	Origin string // of the record
	URL    string
	Key    secret.Text // as ReadKey takes it
	OCSF   bool        // each entry as an event of OCSF, not as a line
	Client *http.Client
	Now    func() time.Time
}

const (
	// bodyMost is the most bytes of a message, but for one entry that has more.
	bodyMost = 512 << 10
	// answerMost is what is read of an answer.
	answerMost = 16 << 10
	// webhookTimeout is how long it may take to answer.
	webhookTimeout = 15 * time.Second

	keyPrefix = "whsec_"
	minKey    = 24 // bytes; the specification's least
)

// NewWebhookClient is an HTTP client for a Webhook: it follows no redirect.
func NewWebhookClient() *http.Client {
	return &http.Client{
		Timeout:       webhookTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// CheckURL says what is wrong with the address of a Webhook.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http":
		return errors.New("it is no URL: write https://HOST/PATH")
	case u.User != nil:
		return errors.New("it has a password in it: messages are signed instead")
	case u.Scheme == "http" && !endpoint.Loopback(u.Hostname()):
		return errors.New("what is recorded would go over the network in clear: write https")
	}
	return nil
}

// ReadKey reads a key: base64 of at least 24 bytes, with or without whsec_ before it.
func ReadKey(text secret.Text) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(text.Reveal()), keyPrefix))
	if err != nil || len(key) < minKey {
		return nil, fmt.Errorf("it is not base64 of at least %d bytes: make one with openssl rand -base64 32", minKey)
	}
	return key, nil
}

// Take implements [Sink].
func (w Webhook) Take(ctx context.Context, entries []record.Followed) (taken Taken, err error) {
	for len(entries) > 0 {
		part, body, err := w.body(entries)
		if err != nil {
			return taken, err
		}
		refused, err := w.send(ctx, entries[:part], body)
		switch {
		case err != nil:
			return taken, err
		case refused && part > 1:
			half, err := w.Take(ctx, entries[:part/2])
			taken.add(half)
			if err != nil {
				return taken, err
			}
			part /= 2
		case refused:
			taken.add(Taken{1, []int64{entries[0].Number}})
		default:
			taken.add(Taken{Count: part})
		}
		entries = entries[part:]
	}
	return taken, nil
}

func (t *Taken) add(other Taken) {
	t.Count += other.Count
	t.Refused = append(t.Refused, other.Refused...)
}

// body is a message with the first entries, and how many.
func (w Webhook) body(entries []record.Followed) (part int, body []byte, err error) {
	var all bytes.Buffer
	all.WriteByte('[')
	for _, e := range entries {
		one, err := w.one(e)
		if err != nil {
			return 0, nil, err
		}
		if part > 0 && all.Len()+len(one) > bodyMost {
			break
		}
		if part > 0 {
			all.WriteByte(',')
		}
		all.Write(bytes.TrimSpace(one))
		part++
	}
	all.WriteByte(']')
	return part, all.Bytes(), nil
}

func (w Webhook) one(e record.Followed) ([]byte, error) {
	if w.OCSF {
		return ocsfOf(w.Origin, e)
	}
	return lineOf(w.Origin, e)
}

// send posts one message. refused is that its receiver finds fault with what it holds.
func (w Webhook) send(ctx context.Context, entries []record.Followed, body []byte) (refused bool, err error) {
	key, err := ReadKey(w.Key)
	if err != nil {
		return false, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return false, withoutURL(err)
	}
	id := fmt.Sprintf("%s-%d-%d", w.Name, entries[0].Number, entries[len(entries)-1].Number)
	at := strconv.FormatInt(w.Now().Unix(), 10)
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, at, body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "assumebot")
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", at)
	r.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	answer, err := w.Client.Do(r)
	if err != nil {
		return false, withoutURL(err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, answerMost))
	if err := answer.Body.Close(); err != nil {
		return false, err
	}
	switch answer.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true, nil
	}
	if answer.StatusCode/100 == 2 {
		return false, nil
	}
	return false, later(answer)
}

// later is that an answer asks to try again, and when.
func later(answer *http.Response) error {
	err := fmt.Errorf("the webhook answers %d", answer.StatusCode)
	seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
	if seconds <= 0 {
		return err
	}
	return retry.After(err, min(time.Duration(min(seconds, 3600))*time.Second, retryMost))
}

// retryMost is how long a receiver may ask to wait.
const retryMost = 10 * time.Minute

// withoutURL leaves out of err what the address may hold.
func withoutURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return fmt.Errorf("the webhook is not reached: %w", of.Err)
	}
	return err
}
