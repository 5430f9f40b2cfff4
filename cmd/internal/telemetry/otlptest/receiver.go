// Package otlptest receives traces as a collector does: OTLP over HTTP, in protobuf.
// https://opentelemetry.io/docs/specs/otlp/#otlphttp
package otlptest

import (
	"cmp"
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A Receiver keeps what it was sent.
type Receiver struct {
	URL string

	mu       sync.Mutex
	spans    []*otlp.Span
	resource map[string]string
	raw      strings.Builder
	fault    http.HandlerFunc // answers in its place; nil: it does
}

// Start starts a Receiver that ends with t.
func Start(t testing.TB) *Receiver {
	t.Helper()
	r := &Receiver{}
	s := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(s.Close)
	r.URL = s.URL
	return r
}

// Answer has fault answer from now on; nil ends that.
func (r *Receiver) Answer(fault http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = fault
}

func (r *Receiver) serve(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	fault := r.fault
	r.mu.Unlock()
	if fault != nil {
		fault(w, q)
		return
	}
	if q.Method != http.MethodPost || q.URL.Path != "/v1/traces" || q.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, "not a POST of traces in protobuf", http.StatusBadRequest)
		return
	}
	var body io.Reader = q.Body
	if q.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(q.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unzipped
	}
	data, err := io.ReadAll(body)
	var sent collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(data, &sent)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.keep(&sent, data)
	answer, _ := proto.Marshal(&collector.ExportTraceServiceResponse{})
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(answer)
}

func (r *Receiver) keep(sent *collector.ExportTraceServiceRequest, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw.Write(data)
	for _, of := range sent.GetResourceSpans() {
		r.resource = map[string]string{}
		for _, a := range of.GetResource().GetAttributes() {
			r.resource[a.GetKey()] = a.GetValue().GetStringValue()
		}
		for _, scope := range of.GetScopeSpans() {
			r.spans = append(r.spans, scope.GetSpans()...)
		}
	}
}

// Raw is all that was sent, as it came.
func (r *Receiver) Raw() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.raw.String()
}

// Resource is what the newest batch says of its sender.
func (r *Receiver) Resource() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.resource
}

// A Span is one with what is below it, in the order of their beginnings.
type Span struct {
	Name  string
	Facts map[string]string
	Error bool
	Below []*Span

	began uint64
}

// Tree is the roots of what was sent.
func (r *Receiver) Tree() []*Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	byID := map[string]*Span{}
	for _, s := range r.spans {
		one := &Span{Name: s.GetName(), Facts: map[string]string{}, Error: s.GetStatus().GetCode() == otlp.Status_STATUS_CODE_ERROR, began: s.GetStartTimeUnixNano()}
		for _, a := range s.GetAttributes() {
			one.Facts[a.GetKey()] = a.GetValue().GetStringValue()
		}
		byID[hex.EncodeToString(s.GetSpanId())] = one
	}
	var roots []*Span
	for _, s := range r.spans {
		one := byID[hex.EncodeToString(s.GetSpanId())]
		if over := byID[hex.EncodeToString(s.GetParentSpanId())]; over != nil {
			over.Below = append(over.Below, one)
		} else {
			roots = append(roots, one)
		}
	}
	for _, s := range byID {
		inOrder(s.Below)
	}
	inOrder(roots)
	return roots
}

func inOrder(spans []*Span) {
	slices.SortFunc(spans, func(x, y *Span) int { return cmp.Compare(x.began, y.began) })
}

// Outline is names, one a line, indented by how deep they are; those that skip names are
// left out with what is below them.
func Outline(spans []*Span, skip func(name string) bool) string {
	var out strings.Builder
	var write func(spans []*Span, depth int)
	write = func(spans []*Span, depth int) {
		for _, s := range spans {
			if skip != nil && skip(s.Name) {
				continue
			}
			out.WriteString(strings.Repeat("  ", depth) + s.Name + "\n")
			write(s.Below, depth+1)
		}
	}
	write(spans, 0)
	return out.String()
}
