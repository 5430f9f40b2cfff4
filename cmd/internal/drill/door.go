package drill

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// answeredWithin is more than the bot takes for any command but a slow revocation.
	answeredWithin = 75 * time.Second
	maxAnswer      = 1 << 20
)

// A door is the Slack that the drill's replica knows: Slack's own Web API, and a socket and
// response_urls that end here. Its address holds a secret, so that no other user of the
// machine gets in.
type door struct {
	base   string // http://127.0.0.1:PORT/SECRET
	team   string
	server *http.Server
	done   chan struct{}

	mu      sync.Mutex
	sockets []*websocket.Conn
	waiting map[string]chan []byte
}

func openDoor(ctx context.Context, slackAPI, team string) (*door, error) {
	to, err := url.Parse(slackAPI)
	if err != nil {
		return nil, errors.New("SLACK_API_URL cannot be read")
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	secret := rand.Text()
	d := &door{
		base: "http://" + listener.Addr().String() + "/" + secret, team: team, done: make(chan struct{}), waiting: map[string]chan []byte{},
	}
	silent := log.New(io.Discard, "", 0)
	pass := &httputil.ReverseProxy{ErrorLog: silent, Rewrite: func(r *httputil.ProxyRequest) {
		method := strings.TrimPrefix(r.In.URL.Path, "/"+secret+"/api/")
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = to.Scheme, to.Host, to.Host
		r.Out.URL.Path = strings.TrimSuffix(to.Path, "/") + "/" + method
	}}
	mux := http.NewServeMux()
	mux.Handle("/"+secret+"/api/", pass)
	mux.HandleFunc("/"+secret+"/api/apps.connections.open", d.connections)
	mux.HandleFunc("/"+secret+"/link", d.link)
	mux.HandleFunc("POST /"+secret+"/said/{id}", d.said)
	d.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute, ErrorLog: silent}
	go func() {
		defer close(d.done)
		_ = d.server.Serve(listener) // until it is closed
	}()
	return d, nil
}

// apiURL is where the replica finds its Slack.
func (d *door) apiURL() string { return d.base + "/api/" }

func (d *door) close() {
	_ = d.server.Close()
	d.mu.Lock()
	for _, c := range d.sockets {
		_ = c.Close() // those that were taken over, which the server does not know
	}
	d.mu.Unlock()
	<-d.done
}

func (d *door) connections(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"ok":true,"url":"ws%s/link"}`, strings.TrimPrefix(d.base, "http"))
}

// link is one socket of the replica's. https://docs.slack.dev/apis/events-api/using-socket-mode
func (d *door) link(w http.ResponseWriter, r *http.Request) {
	conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	defer func() { _ = conn.Close() }()
	conn.SetReadLimit(maxAnswer)
	d.mu.Lock()
	d.sockets = append(d.sockets, conn)
	err = conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil,
		`{"type":"hello","num_connections":%d,"debug_info":{"host":"drill","approximate_connection_time":18060}}`, len(d.sockets)))
	d.mu.Unlock()
	for err == nil {
		_, _, err = conn.ReadMessage() // acknowledgements
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, c := range d.sockets {
		if c == conn {
			d.sockets = append(d.sockets[:i:i], d.sockets[i+1:]...)
			return
		}
	}
}

func (d *door) said(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAnswer))
	d.mu.Lock()
	to := d.waiting[r.PathValue("id")]
	d.mu.Unlock()
	if err != nil || to == nil {
		http.Error(w, "no_such_url", http.StatusNotFound)
		return
	}
	select {
	case to <- body:
	default: // nobody waits for a further one
	}
	_, _ = io.WriteString(w, "ok")
}

// A typed is what somebody types, and where.
type typed struct{ user, channel, command, text string }

// errNoAnswer says that the bot did not answer in time.
var errNoAnswer = errors.New("the bot did not answer")

// types has somebody type a slash command, and returns the first answer. Once it is typed it waits
// for that, also when ctx ends meanwhile.
// https://docs.slack.dev/interactivity/implementing-slash-commands
func (d *door) types(ctx context.Context, t typed) ([]byte, error) {
	id := rand.Text()
	answer := make(chan []byte, 1)
	frame, err := json.Marshal(map[string]any{
		"envelope_id": id, "type": "slash_commands", "accepts_response_payload": true,
		"payload": map[string]string{
			"team_id": d.team, "channel_id": t.channel, "user_id": t.user, "command": t.command, "text": t.text,
			"response_url": d.base + "/said/" + id, "trigger_id": id,
		},
	})
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	if len(d.sockets) == 0 {
		d.mu.Unlock()
		return nil, errors.New("the drill's replica has no socket open")
	}
	d.waiting[id] = answer
	err = d.sockets[0].WriteMessage(websocket.TextMessage, frame)
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.waiting, id)
	}()
	if err != nil {
		return nil, errors.New("the socket of the drill's replica is broken")
	}
	wait := time.NewTimer(answeredWithin)
	defer wait.Stop()
	select {
	case body := <-answer:
		return body, nil
	case <-wait.C:
		return nil, errNoAnswer
	case <-ctx.Done():
	}
	// The bot is at it: what it is about to impose or issue can be taken back only once it is there.
	select {
	case <-answer:
		return nil, context.Cause(ctx)
	case <-wait.C:
		return nil, errors.Join(context.Cause(ctx), errNoAnswer)
	}
}

// preformatted are the texts that a message has people copy.
func preformatted(message []byte) []string {
	var whole any
	if json.Unmarshal(message, &whole) != nil {
		return nil
	}
	var found []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, each := range v {
				walk(each)
			}
		case map[string]any:
			if v["type"] == "rich_text_preformatted" {
				text := ""
				parts, _ := v["elements"].([]any)
				for _, p := range parts {
					part, _ := p.(map[string]any)
					s, _ := part["text"].(string)
					text += s
				}
				found = append(found, text)
				return
			}
			for _, each := range v {
				walk(each)
			}
		}
	}
	walk(whole)
	return found
}
