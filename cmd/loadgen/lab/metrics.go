package lab

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// maxMetrics is far above what /metrics answers.
const maxMetrics = 4 << 20

// Metrics are those that the replicas tell without labels, as one sum. It needs [Options.Metrics].
func (l *Lab) Metrics(ctx context.Context) (map[string]float64, error) {
	sum := map[string]float64{}
	for _, p := range l.Bots {
		if err := addMetrics(ctx, sum, "http://"+p.metrics+"/metrics"); err != nil {
			return nil, err
		}
	}
	return sum, nil
}

func addMetrics(ctx context.Context, sum map[string]float64, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{Timeout: startWithin}).Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, answer.Status)
	}
	lines := bufio.NewScanner(io.LimitReader(answer.Body, maxMetrics))
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if !ok || strings.HasPrefix(name, "#") || strings.Contains(name, "{") {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return fmt.Errorf("%s: %s is %q: %w", url, name, value, err)
		}
		sum[name] += n
	}
	return lines.Err()
}
