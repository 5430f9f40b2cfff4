package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// ProfileAddr is the environment variable that tells a bare loop where to serve its profile.
const ProfileAddr = "LOADGEN_PPROF_ADDR"

// maxProfile is far above what a profile of a minute has.
const maxProfile = 16 << 20

// Profile is where the CPU of the first replica goes for whole seconds from now, as pprof
// writes it. It needs [Options.Profile].
func (l *Lab) Profile(ctx context.Context, during time.Duration) ([]byte, error) {
	return l.Bots[0].profile(ctx, during)
}

// Profile is where the CPU of a bare loop goes.
func (y *Yard) Profile(ctx context.Context, during time.Duration) ([]byte, error) {
	return y.process.profile(ctx, during)
}

func (p *Process) profile(ctx context.Context, during time.Duration) ([]byte, error) {
	if p.metrics == "" {
		return nil, errors.New(p.Name + " tells no profile")
	}
	url := "http://" + p.metrics + "/debug/pprof/profile?seconds=" + strconv.Itoa(int(during.Seconds()))
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := (&http.Client{Timeout: startWithin + during}).Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", url, answer.Status)
	}
	return io.ReadAll(io.LimitReader(answer.Body, maxProfile))
}
