package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const ms = time.Millisecond

// machine makes files, and returns the machine that they are of.
func machine(t *testing.T, files map[string]string) Machine {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return Machine{Proc: filepath.Join(dir, "proc"), Cgroups: filepath.Join(dir, "cgroup")}
}

func TestTimes(t *testing.T) {
	m := machine(t, map[string]string{"proc/stat": "cpu  1000 20 300 4000 50 6 70 800 90 10\ncpu0 500 10 150 2000 25 3 35 400 45 5\nintr 1 2 3\n"})
	got, err := m.Times()
	want := Times{Busy: 13200 * ms, Idle: 40500 * ms, Steal: 8000 * ms, Total: 62460 * ms}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, text := range []string{"", "cpu  1 2 3\n", "cpu  1 2 3 4 5 6 7 x 0 0\n", "cpu0 1 2 3 4 5 6 7 8 9 10\n"} {
		if _, err := parseTimes(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestOwn(t *testing.T) {
	m := machine(t, map[string]string{"proc/self/stat": "42 (a ) odd (name) S 1 42 42 0 -1 4194560 1000 0 0 0 150 25 7 8 20 0 9 0 100 1000000 500\n"})
	if got, err := m.Own(); err != nil || got != 1750*ms {
		t.Errorf("got %v, %v", got, err)
	}
	for _, text := range []string{"", "42 (name) S 1", "42 (name) S 1 42 42 0 -1 4194560 1000 0 0 0 x 25 7 8"} {
		if _, err := parseOwn(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestPressure(t *testing.T) {
	m := machine(t, map[string]string{
		"proc/pressure/io":  "some avg10=0.12 avg60=0.05 avg300=0.01 total=258252939\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=34296612\n",
		"proc/pressure/cpu": "some avg10=93.16 avg60=92.70 avg300=90.47 total=1500\n", // without a line of its own for full, as before Linux 5.13
	})
	if got, err := m.Pressure("io"); err != nil || got != (Pressure{Some: 258252939 * time.Microsecond, Full: 34296612 * time.Microsecond}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := m.Pressure("cpu"); err != nil || got != (Pressure{Some: 1500 * time.Microsecond}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := m.Pressure("memory"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a kernel without it: %v", err)
	}
	for _, text := range []string{"", "some avg10=0.00\n", "some total=x\n", "full avg10=0.00 total=1\n"} {
		if _, err := parsePressure(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

// Files of a container that has 1.2 s and 700 kB, was throttled for 0.3 s, and lost 2 processes.
var (
	version1 = map[string]string{
		"proc/7/cgroup": "9:name=systemd:/docker/abc\n4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/docker/abc\n",
		"cgroup/cpu,cpuacct/docker/abc/cpuacct.usage":    "1200000000\n",
		"cgroup/cpu,cpuacct/docker/abc/cpu.stat":         "nr_periods 10\nnr_throttled 3\nthrottled_time 300000000\n",
		"cgroup/cpu,cpuacct/docker/cpu.stat":             "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n",
		"cgroup/cpu,cpuacct/cpu.stat":                    "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n",
		"cgroup/memory/docker/abc/memory.oom_control":    "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
		"cgroup/memory/docker/abc/memory.usage_in_bytes": "900000\n",
		"cgroup/memory/docker/abc/memory.stat":           "inactive_file 7\ntotal_inactive_file 200000\n",
		"cgroup/unified/cgroup.controllers":              "",
		"cgroup/unified/docker/abc/cpu.stat":             "usage_usec 5\n",
	}
	version2 = map[string]string{
		"proc/7/cgroup":                                       "0::/system.slice/docker-abc.scope\n",
		"cgroup/cgroup.controllers":                           "cpu io memory pids\n",
		"cgroup/system.slice/docker-abc.scope/cpu.stat":       "usage_usec 1200000\nuser_usec 1000000\nsystem_usec 200000\nnr_periods 10\nnr_throttled 3\nthrottled_usec 300000\n",
		"cgroup/system.slice/docker-abc.scope/memory.events":  "low 0\nhigh 0\nmax 12\noom 2\noom_kill 2\n",
		"cgroup/system.slice/docker-abc.scope/memory.current": "900000\n",
		"cgroup/system.slice/docker-abc.scope/memory.stat":    "anon 5\ninactive_file 200000\n",
		"cgroup/system.slice/cpu.stat":                        "usage_usec 9200000\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
		"cgroup/cpu.stat":                                     "usage_usec 99200000\nuser_usec 1000000\nsystem_usec 200000\n",
	}
)

func TestCgroup(t *testing.T) {
	for name, files := range map[string]map[string]string{"version 1": version1, "version 2": version2} {
		t.Run(name, func(t *testing.T) {
			m := machine(t, files)
			c, err := m.CgroupOf(7, "abc")
			if err != nil {
				t.Fatal(err)
			}
			want := Counters{Used: 1200 * ms, Throttled: 300 * ms, OOMKills: 2, Memory: 700_000}
			if got, err := c.Read(); err != nil || got != want {
				t.Errorf("got %+v, %v", got, err)
			}
			if _, err := m.CgroupOf(7, "def"); err == nil || !strings.Contains(err.Error(), "in no control group of def") {
				t.Errorf("the number of another process: %v", err)
			}
			if _, err := m.CgroupOf(8, "abc"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("no such process: %v", err)
			}
			for _, dir := range []string{"cpu,cpuacct/docker/abc", "system.slice/docker-abc.scope"} {
				if err := os.RemoveAll(filepath.Join(m.Cgroups, dir)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := c.Read(); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a group that is gone: %v", err)
			}
			if _, err := m.CgroupOf(7, "abc"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("to find a group that is gone: %v", err)
			}
		})
	}
}

// A limit of a group above counts as well.
func TestThrottledAbove(t *testing.T) {
	m := machine(t, version2)
	text := "usage_usec 9200000\nnr_periods 10\nnr_throttled 9\nthrottled_usec 900000\n"
	if err := os.WriteFile(filepath.Join(m.Cgroups, "system.slice", "cpu.stat"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := m.CgroupOf(7, "abc")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Read(); err != nil || got.Throttled != 900*ms {
		t.Errorf("got %+v, %v", got, err)
	}
}

// In a container, what is mounted is its own group, whatever it is called outside.
func TestOwnCgroupInAContainer(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"version 1": {
			"proc/self/cgroup":    "4:memory:/docker/abc\n3:cpuacct:/docker/abc\n2:cpu:/docker/abc\n",
			"cgroup/cpu/cpu.stat": "throttled_time 300000000\n", "cgroup/cpuacct/cpuacct.usage": "1200000000\n", "cgroup/memory/memory.oom_control": "oom_kill 2\n",
		},
		"version 2": {
			"proc/self/cgroup": "0::/\n", "cgroup/cgroup.controllers": "cpu memory\n",
			"cgroup/cpu.stat": "usage_usec 1200000\nthrottled_usec 300000\n", "cgroup/memory.events": "oom_kill 2\n",
		},
	} {
		c, err := machine(t, files).OwnCgroup()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := c.Read(); err != nil || got != (Counters{Used: 1200 * ms, Throttled: 300 * ms, OOMKills: 2}) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

// Without the files there is an error, never a number.
func TestNotLinux(t *testing.T) {
	m := machine(t, nil)
	_, times := m.Times()
	_, own := m.Own()
	_, pressure := m.Pressure("cpu")
	_, group := m.OwnCgroup()
	for _, err := range []error{times, own, pressure, group} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := machine(t, map[string]string{"proc/self/cgroup": "2:cpu:/\n0::/\n", "cgroup/cpu/cpu.stat": ""}).OwnCgroup(); err == nil {
		t.Error("no error without a controller")
	}
	if _, err := machine(t, map[string]string{"proc/self/cgroup": "nonsense\n"}).OwnCgroup(); err == nil {
		t.Error("no error for nonsense")
	}
}
