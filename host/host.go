// Package host tells what the machine did beside a run: time that the hypervisor took, pressure, and what control groups used and were denied. It reads a few
// files of Linux, which costs well under a millisecond, and knows neither what ran nor whether that disturbed anything.
package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A Machine is where the kernel tells about itself.
type Machine struct {
	Proc    string // where procfs is mounted
	Cgroups string // where the control groups are mounted, of either version
}

// Local is this machine.
func Local() Machine { return Machine{Proc: "/proc", Cgroups: "/sys/fs/cgroup"} }

// tick is the unit of time in /proc/stat: Linux tells a hundredth of a second to programs on every architecture, whatever its own tick.
const tick = 10 * time.Millisecond

// Times is how the time of all processors together was spent since the machine started.
type Times struct {
	Busy  time.Duration // programs had it, in the kernel or outside
	Idle  time.Duration // nobody wanted it, waiting for a disk included
	Steal time.Duration // the hypervisor gave it to others
	Total time.Duration // with interrupts
}

// Times reads how the processors' time was spent.
func (m Machine) Times() (Times, error) {
	text, err := os.ReadFile(filepath.Join(m.Proc, "stat"))
	if err != nil {
		return Times{}, err
	}
	return parseTimes(string(text))
}

// parseTimes reads the first line of /proc/stat: cpu user nice system idle iowait irq softirq steal guest guest_nice. Guests are part of user and nice.
func parseTimes(text string) (Times, error) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return Times{}, fmt.Errorf("processor times are told as %q", line)
	}
	var n [8]time.Duration
	for i := range n {
		v, err := strconv.ParseUint(fields[i+1], 10, 63)
		if err != nil {
			return Times{}, fmt.Errorf("processor times are told as %q", line)
		}
		n[i] = time.Duration(v) * tick
	}
	t := Times{Busy: n[0] + n[1] + n[2], Idle: n[3] + n[4], Steal: n[7]}
	t.Total = t.Busy + t.Idle + t.Steal + n[5] + n[6]
	return t, nil
}

// Own reads the processor time that this process has had.
func (m Machine) Own() (time.Duration, error) {
	text, err := os.ReadFile(filepath.Join(m.Proc, "self", "stat"))
	if err != nil {
		return 0, err
	}
	return parseOwn(string(text))
}

// parseOwn reads utime and stime, the 14th and 15th field of /proc/PID/stat. The second is a name that may contain anything.
func parseOwn(text string) (time.Duration, error) {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("a process's times are told as %q", text)
	}
	user, err := strconv.ParseUint(fields[11], 10, 63)
	system, err2 := strconv.ParseUint(fields[12], 10, 63)
	if err := errors.Join(err, err2); err != nil {
		return 0, fmt.Errorf("a process's times are told as %q", text)
	}
	return time.Duration(user+system) * tick, nil
}

// A Pressure is for how long something was kept waiting for a resource since the machine started.
type Pressure struct {
	Some time.Duration // one or more wanted it in vain
	Full time.Duration // and nothing got on meanwhile
}

// Pressure reads the stall times of a resource: "cpu", "memory" or "io". Kernels before 4.20, and those that were built or started without it, tell none.
func (m Machine) Pressure(resource string) (Pressure, error) {
	text, err := os.ReadFile(filepath.Join(m.Proc, "pressure", resource))
	if err != nil {
		return Pressure{}, err
	}
	return parsePressure(string(text))
}

// parsePressure reads lines as "some avg10=0.00 avg60=0.00 avg300=0.00 total=12345", in microseconds. Before 5.13 there is no full line for processors.
func parsePressure(text string) (Pressure, error) {
	var p Pressure
	known := false
	for line := range strings.Lines(text) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		_, total, found := strings.Cut(rest, "total=")
		us, err := strconv.ParseUint(total, 10, 53)
		if !found || err != nil {
			return p, fmt.Errorf("pressure is told as %q", line)
		}
		switch kind {
		case "some":
			p.Some, known = time.Duration(us)*time.Microsecond, true
		case "full":
			p.Full = time.Duration(us) * time.Microsecond
		}
	}
	if !known {
		return p, fmt.Errorf("pressure is told as %q", text)
	}
	return p, nil
}
