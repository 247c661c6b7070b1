package host

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// A State is what a check came to.
type State string

// The states of checks.
const (
	OK   State = "ok"
	Warn State = "warn" // it runs, and something to know of it
	Fail State = "fail" // it does not run
)

// A Check is one thing that was looked at before a run.
type Check struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	Found string `json:"found"`           // what there is
	Means string `json:"means,omitempty"` // what follows from it, where it is not well
	Fix   string `json:"fix,omitempty"`   // the one command that helps; empty: none does
}

// Needs are what a run wants of the machine that squall itself runs on, in bytes; 0: not much.
type Needs struct {
	Memory int64 // beside that of brokers in containers
	Disk   int64 // where results go
}

// What a run wants at least and what leaves room for storms of connections.
const (
	leastFiles, roomFiles = 256, 4096
	leastPorts, roomPorts = 500, 5000
	leastDisk, roomDisk   = 64 << 20, 1 << 30
	leastMemory           = 128 << 20
)

// resources are what there is now; a pointer that is nil, or an empty word: this system does not tell.
type resources struct {
	cpus        int
	memory      *int64 // bytes that programs could have
	disk        *int64 // bytes that are free where results go
	files       *int64 // open files that this process may have
	ports       *int64 // ephemeral ports that nobody uses
	synchronous *bool  // whether the wall clock follows a server's
	clockSource string
}

// Examine looks at what squall's own process needs of this machine: processors, memory, disk, open files, ports, clock.
func (m Machine) Examine(n Needs) []Check { return judge(m.resources(), n) }

func (m Machine) resources() resources {
	return resources{cpus: runtime.NumCPU(), memory: m.Memory(), disk: FreeDisk("."), files: openFiles(), ports: m.freePorts(), synchronous: synchronous(),
		clockSource: readWord("/sys/devices/system/clocksource/clocksource0/current_clocksource")}
}

func judge(r resources, n Needs) []Check {
	all := []Check{processors(r.cpus)}
	for _, c := range []*Check{
		enough("memory", r.memory, max(n.Memory, leastMemory), 2*max(n.Memory, leastMemory), bytes,
			"what is sent and read is kept account of in memory, and an embedded broker keeps its log there", ""),
		enough("disk for results", r.disk, max(n.Disk, leastDisk), max(2*n.Disk, roomDisk), bytes, "reports, events and broker logs go to squall-runs", "rm -r squall-runs"),
		enough("open files", r.files, leastFiles, roomFiles, plain, "every connection is one; connection-storm opens up to 2,000", "ulimit -n 65536"),
		enough("ports", r.ports, leastPorts, roomPorts, plain, "every connection from here takes one, for a minute after it is closed as well; connection-storm opens thousands",
			"sudo sysctl -w net.ipv4.ip_local_port_range='15000 65000'"),
		clock(r),
	} {
		if c != nil {
			all = append(all, *c)
		}
	}
	return all
}

func processors(n int) Check {
	c := Check{Name: "processors", State: OK, Found: strconv.Itoa(n)}
	if n < 2 {
		c.State, c.Means = Warn, "brokers and load share one: the generator may miss its schedule, and the run is inconclusive then"
	}
	return c
}

// enough compares what there is with the least that works and with what leaves room; nil: this system does not tell.
func enough(name string, is *int64, least, room int64, text func(int64) string, means, fix string) *Check {
	if is == nil {
		return nil
	}
	c := &Check{Name: name, State: OK, Found: text(*is) + " free"}
	switch {
	case *is < least:
		c.State, c.Means, c.Fix = Fail, fmt.Sprintf("%s are needed: %s", text(least), means), fix
	case *is < room:
		c.State, c.Means, c.Fix = Warn, fmt.Sprintf("%s leave room: %s", text(room), means), fix
	}
	return c
}

// clock: times within a run are taken from one monotonic clock, so the wall clock matters only beside what others write.
func clock(r resources) *Check {
	if r.synchronous == nil {
		return nil
	}
	c := &Check{Name: "clock", State: OK, Found: "follows a time server"}
	if !*r.synchronous {
		c.State, c.Found = Warn, "follows no time server"
		c.Means, c.Fix = "figures are taken from one monotonic clock and do not suffer; times of day beside logs of other machines do", "sudo timedatectl set-ntp true"
	}
	if r.clockSource == "hpet" || r.clockSource == "acpi_pm" || r.clockSource == "jiffies" {
		c.State, c.Found = Warn, c.Found+"; read from "+r.clockSource
		c.Means, c.Fix = "reading the clock is slow here: every message costs more, and high rates fall behind", "echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource"
	}
	return c
}

func plain(n int64) string { return strconv.FormatInt(n, 10) }

// bytes prints an amount as people read it.
func bytes(n int64) string {
	for _, u := range []struct {
		name string
		size int64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}} {
		if n >= u.size {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(u.size), u.name)
		}
	}
	return fmt.Sprintf("%d KiB", n>>10)
}

// Memory returns the bytes that programs could have now; nil: this system does not tell.
func (m Machine) Memory() *int64 {
	text, err := os.ReadFile(filepath.Join(m.Proc, "meminfo"))
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "MemAvailable:" {
			kib, err := strconv.ParseInt(f[1], 10, 53)
			if free := kib << 10; err == nil {
				return &free
			}
		}
	}
	return nil
}

// freePorts returns how many ephemeral ports no connection uses, waiting ones included.
func (m Machine) freePorts() *int64 {
	text := readWord(filepath.Join(m.Proc, "sys/net/ipv4/ip_local_port_range"))
	var first, last int64
	if n, err := fmt.Sscan(text, &first, &last); n != 2 || err != nil {
		return nil
	}
	return new(max(0, last-first+1-m.connections()))
}

// connections counts those of TCP that are open or wait to be forgotten; 0: not known.
func (m Machine) connections() (n int64) {
	text, _ := os.ReadFile(filepath.Join(m.Proc, "net/sockstat"))
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line) // TCP: inuse 5 orphan 0 tw 2 alloc 9 mem 1
		for i := 1; i+1 < len(f) && f[0] == "TCP:"; i += 2 {
			if v, err := strconv.ParseInt(f[i+1], 10, 53); err == nil && (f[i] == "inuse" || f[i] == "tw") {
				n += v
			}
		}
	}
	return n
}

func readWord(file string) string {
	text, _ := os.ReadFile(file)
	return strings.TrimSpace(string(text))
}
