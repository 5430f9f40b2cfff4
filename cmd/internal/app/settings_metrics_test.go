package app

import (
	"strings"
	"testing"
)

func TestMetricsAreOfThisMachineUnlessAnAddressIsWrittenOut(t *testing.T) {
	for text, want := range map[string]string{
		"":              "invalid AddrPort",
		"9464":          "127.0.0.1:9464",
		":9464":         "127.0.0.1:9464",
		"0.0.0.0:9464":  "0.0.0.0:9464",
		"10.0.0.7:9464": "10.0.0.7:9464",
		"[::1]:9464":    "[::1]:9464",
	} {
		s, err := read(map[string]string{"ASSUMEBOT_METRICS_ADDR": text})
		if got := s.Metrics.String(); err != nil || got != want {
			t.Errorf("%q: got %s and %v, want %s", text, got, err, want)
		}
	}
}

func TestReadSettingsRefusesAddressesOfMetricsThatMayBeMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"localhost:9464":       "write a port such as 9464",
		"metrics.example:9464": "write a port such as 9464",
		"0.0.0.0":              "write a port such as 9464",
		"99999":                "write a port such as 9464",
		"-1":                   "write a port such as 9464",
		"[fe80::1%eth0]:9464":  "write a port such as 9464",
		"http://0.0.0.0:9464":  "write a port such as 9464",
	} {
		_, err := read(map[string]string{"ASSUMEBOT_METRICS_ADDR": text})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestProfilesNeedAListener(t *testing.T) {
	if s, err := read(map[string]string{"ASSUMEBOT_METRICS_ADDR": "9464", "ASSUMEBOT_PPROF": "on"}); err != nil || !s.Profiles {
		t.Errorf("got %t and %v, want profiles", s.Profiles, err)
	}
	for _, c := range []struct{ addr, profiles, want string }{
		{"", "on", "set ASSUMEBOT_METRICS_ADDR too"},
		{"9464", "true", "write on, or unset it"},
	} {
		_, err := read(map[string]string{"ASSUMEBOT_METRICS_ADDR": c.addr, "ASSUMEBOT_PPROF": c.profiles})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}
