package testcontainers

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// The labels on everything that squall makes.
const (
	labelRun   = "dev.squall.run"   // the run's id
	labelOwner = "dev.squall.owner" // which process made it, where it can be told
	labelRole  = "dev.squall.role"  // "broker" or "sidecar"
	labelNode  = "dev.squall.node"  // "b1"
	labelImage = "dev.squall.image" // on images: what they are
)

// An owner is a process. Only processes of the same boot and the same process namespace can be compared; of others nothing is known.
type owner struct {
	world   string // boot and namespace
	pid     int
	started string // in ticks since the boot: a process id is used again
}

// self returns this process, and the zero owner where the system does not tell.
func self() owner {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return owner{}
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return owner{}
	}
	started, ok := startOf(os.Getpid())
	if !ok {
		return owner{}
	}
	return owner{world: strings.TrimSpace(string(boot)) + " " + namespace, pid: os.Getpid(), started: started}
}

func (o owner) String() string {
	if o == (owner{}) {
		return ""
	}
	return fmt.Sprintf("%s %d %s", o.world, o.pid, o.started)
}

func parseOwner(s string) owner {
	f := strings.Fields(s)
	if len(f) != 4 {
		return owner{}
	}
	pid, err := strconv.Atoi(f[2])
	if err != nil {
		return owner{}
	}
	return owner{world: f[0] + " " + f[1], pid: pid, started: f[3]}
}

// alive tells whether the process runs; known is false for a process that cannot be seen from here.
func (o owner) alive(here owner) (alive, known bool) {
	if o == (owner{}) || o.world != here.world {
		return false, false
	}
	started, ok := startOf(o.pid)
	return ok && started == o.started, true
}

// startOf returns when a process started, in ticks since the boot, and false for one that is gone or only waits to be collected.
func startOf(pid int) (string, bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", false
	}
	// The second field is the program's name in brackets, and may hold anything.
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(f) < 20 || f[0] == "Z" || f[0] == "X" {
		return "", false
	}
	return f[19], true
}
