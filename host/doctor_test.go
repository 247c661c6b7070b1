package host

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wealthy has all that a run wants.
func wealthy() resources {
	return resources{cpus: 8, memory: new(int64(16 << 30)), disk: new(int64(100 << 30)), files: new(int64(65536)), ports: new(int64(28000)), synchronous: new(true), clockSource: "tsc"}
}

func TestExamineFindsNothing(t *testing.T) {
	t.Parallel()
	all := judge(wealthy(), Needs{Memory: 1 << 30, Disk: 1 << 30})
	if len(all) != 6 {
		t.Errorf("%d checks: %+v", len(all), all)
	}
	for _, c := range all {
		if c.State != OK || c.Found == "" || c.Means != "" || c.Fix != "" {
			t.Errorf("%+v", c)
		}
	}
	if all := judge(resources{cpus: 2}, Needs{}); len(all) != 1 || all[0].State != OK {
		t.Errorf("of a system that tells nothing: %+v", all)
	}
}

func TestExamineFinds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*resources)
		needs Needs
		check string
		state State
		means string
	}{
		"one processor":       {func(r *resources) { r.cpus = 1 }, Needs{}, "processors", Warn, "share one"},
		"little memory":       {func(r *resources) { *r.memory = 1 << 20 }, Needs{}, "memory", Fail, "128.0 MiB are needed"},
		"memory of a log":     {func(r *resources) { *r.memory = 3 << 30 }, Needs{Memory: 4 << 30}, "memory", Fail, "4.0 GiB are needed"},
		"memory just so":      {func(r *resources) { *r.memory = 3 << 30 }, Needs{Memory: 2 << 30}, "memory", Warn, "4.0 GiB leave room"},
		"full disk":           {func(r *resources) { *r.disk = 1 << 20 }, Needs{}, "disk for results", Fail, "64.0 MiB are needed"},
		"disk nearly full":    {func(r *resources) { *r.disk = 500 << 20 }, Needs{}, "disk for results", Warn, "1.0 GiB leave room"},
		"no files":            {func(r *resources) { *r.files = 128 }, Needs{}, "open files", Fail, "256 are needed"},
		"few files":           {func(r *resources) { *r.files = 1024 }, Needs{}, "open files", Warn, "4096 leave room"},
		"no ports":            {func(r *resources) { *r.ports = 10 }, Needs{}, "ports", Fail, "500 are needed"},
		"few ports":           {func(r *resources) { *r.ports = 1000 }, Needs{}, "ports", Warn, "5000 leave room"},
		"clock of its own":    {func(r *resources) { *r.synchronous = false }, Needs{}, "clock", Warn, "times of day"},
		"clock that is slow":  {func(r *resources) { r.clockSource = "hpet" }, Needs{}, "clock", Warn, "slow here"},
		"clock that is jiffy": {func(r *resources) { r.clockSource = "jiffies" }, Needs{}, "clock", Warn, "slow here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := wealthy()
			c.spoil(&r)
			all := judge(r, c.needs)
			i := slices.IndexFunc(all, func(got Check) bool { return got.Name == c.check })
			if got := all[i]; got.State != c.state || !strings.Contains(got.Means, c.means) {
				t.Errorf("%+v, want %s because %q", got, c.state, c.means)
			}
			for j, other := range all {
				if j != i && other.State != OK {
					t.Errorf("%s as well: %+v", other.Name, other)
				}
			}
		})
	}
}

func TestResources(t *testing.T) {
	t.Parallel()
	m := Machine{Proc: t.TempDir()}
	for file, text := range map[string]string{
		"meminfo":                          "MemTotal:       4030000 kB\nMemFree:         100000 kB\nMemAvailable:    2048000 kB\n",
		"sys/net/ipv4/ip_local_port_range": "32768\t60999\n",
		"net/sockstat":                     "sockets: used 300\nTCP: inuse 200 orphan 0 tw 32 alloc 210 mem 4\nUDP: inuse 5 mem 1\n",
	} {
		path := filepath.Join(m.Proc, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := m.resources()
	if r.memory == nil || *r.memory != 2048000<<10 {
		t.Errorf("memory: %v", r.memory)
	}
	if r.ports == nil || *r.ports != 28232-232 {
		t.Errorf("ports: %v", r.ports)
	}
	if r := (Machine{Proc: t.TempDir()}).resources(); r.memory != nil || r.ports != nil {
		t.Errorf("of nothing: %+v", r)
	}
}
