package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A Cgroup is a control group whose counters can be read. It is found once; what runs in it may end and be started again.
type Cgroup struct {
	unified string            // the root of version 2; empty: the group is one of version 1
	roots   map[string]string // of version 1, by controller
	paths   map[string]string // below the roots, by controller; of version 2 under ""
}

// Counters are what the processes of a control group came to since it was made.
type Counters struct {
	Used      time.Duration // processor time
	Throttled time.Duration // all threads were kept waiting because a limit was used up, the group's own or that of one it is in; added up over processors
	OOMKills  uint64        // processes that the kernel ended for want of memory
	Memory    uint64        // bytes in use now, without files that were read and could be dropped at once
}

// The controllers of version 1 that are read.
const (
	controlsTime   = "cpu"
	accountsTime   = "cpuacct"
	controlsMemory = "memory"
)

// OwnCgroup returns the control group of this process.
func (m Machine) OwnCgroup() (*Cgroup, error) {
	c, err := m.find("self")
	if err != nil {
		return nil, err
	}
	for _, controller := range c.controllers() { // in a container, its own group may be what is mounted, under another name than outside
		if _, err := os.Stat(filepath.Join(c.root(controller), c.paths[controller])); err != nil {
			c.paths[controller] = "/"
		}
	}
	return c, nil
}

// CgroupOf returns the control group of a process whose path contains a name, as that of a container its id does. It is an error when there is none: the
// process may be of another machine, where numbers mean others.
func (m Machine) CgroupOf(pid int, name string) (*Cgroup, error) {
	c, err := m.find(strconv.Itoa(pid))
	if err != nil {
		return nil, err
	}
	for _, controller := range c.controllers() {
		if !strings.Contains(c.paths[controller], name) {
			return nil, fmt.Errorf("process %d is in no control group of %s", pid, name)
		}
		if _, err := os.Stat(filepath.Join(c.root(controller), c.paths[controller])); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// find reads /proc/PID/cgroup: a line 0::PATH for version 2, and ID:CONTROLLERS:PATH for each hierarchy of version 1. Where both are mounted, version 1 has
// the controllers.
func (m Machine) find(pid string) (*Cgroup, error) {
	text, err := os.ReadFile(filepath.Join(m.Proc, pid, "cgroup"))
	if err != nil {
		return nil, err
	}
	c := &Cgroup{roots: map[string]string{}, paths: map[string]string{}}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			return nil, fmt.Errorf("control groups are told as %q", line)
		}
		for _, controller := range strings.Split(parts[1], ",") {
			c.paths[controller] = path.Clean("/" + parts[2])
		}
	}
	if _, err := os.Stat(filepath.Join(m.Cgroups, "cgroup.controllers")); err == nil {
		c.unified = m.Cgroups
		if c.paths[""] == "" {
			return nil, errors.New("the process is in no control group")
		}
		return c, nil
	}
	for _, controller := range []string{controlsTime, accountsTime, controlsMemory} {
		if c.roots[controller] = m.mounted(controller); c.roots[controller] == "" || c.paths[controller] == "" {
			return nil, fmt.Errorf("no control groups for %s are mounted at %s", controller, m.Cgroups)
		}
	}
	return c, nil
}

// mounted returns where a controller of version 1 is, by itself or with the one that it usually comes with.
func (m Machine) mounted(controller string) string {
	for _, name := range []string{controller, "cpu,cpuacct", "cpuacct,cpu"} {
		if _, err := os.Stat(filepath.Join(m.Cgroups, name)); err == nil && strings.Contains(name, controller) {
			return filepath.Join(m.Cgroups, name)
		}
	}
	return ""
}

func (c *Cgroup) controllers() []string {
	if c.unified != "" {
		return []string{""}
	}
	return []string{controlsTime, accountsTime, controlsMemory}
}

func (c *Cgroup) root(controller string) string {
	if c.unified != "" {
		return c.unified
	}
	return c.roots[controller]
}

// Read returns the counters. Of a group that is gone it is an error that wraps fs.ErrNotExist.
func (c *Cgroup) Read() (Counters, error) {
	if c.unified != "" {
		return c.readUnified()
	}
	var n Counters
	used, err := os.ReadFile(filepath.Join(c.roots[accountsTime], c.paths[accountsTime], "cpuacct.usage"))
	if err != nil {
		return n, err
	}
	ns, err := strconv.ParseInt(strings.TrimSpace(string(used)), 10, 64)
	if err != nil {
		return n, fmt.Errorf("the use of processors is told as %q", used)
	}
	n.Used = time.Duration(ns)
	throttled, err := c.throttled(controlsTime, "throttled_time")
	if err != nil {
		return n, err
	}
	n.Throttled = time.Duration(throttled)
	dir := filepath.Join(c.roots[controlsMemory], c.paths[controlsMemory])
	if n.OOMKills, err = read(filepath.Join(dir, "memory.oom_control"), "oom_kill"); err != nil { // since 4.13
		return n, err
	}
	n.Memory = memory(dir, "memory.usage_in_bytes", "total_inactive_file")
	return n, nil
}

// memory returns what a group uses, without what it has of files and does not use; 0: it is not told, as of the root.
func memory(dir, file, droppable string) uint64 {
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return 0
	}
	used, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0
	}
	files, _ := read(filepath.Join(dir, "memory.stat"), droppable) // 0: all of it counts
	return used - min(used, files)
}

func (c *Cgroup) readUnified() (n Counters, err error) {
	dir := filepath.Join(c.unified, c.paths[""])
	used, err := read(filepath.Join(dir, "cpu.stat"), "usage_usec")
	if err != nil {
		return n, err
	}
	throttled, err := c.throttled("", "throttled_usec")
	if err != nil {
		return n, err
	}
	n.Used, n.Throttled = time.Duration(used)*time.Microsecond, time.Duration(throttled)*time.Microsecond
	n.OOMKills, err = read(filepath.Join(dir, "memory.events"), "oom_kill")
	if errors.Is(err, fs.ErrNotExist) {
		if _, gone := os.Stat(dir); gone == nil {
			err = nil // the root has no such file, nor has a group without the memory controller
		}
	}
	n.Memory = memory(dir, "memory.current", "inactive_file")
	return n, err
}

// throttled returns the longest that the group, or one that it is in, was throttled for.
func (c *Cgroup) throttled(controller, key string) (uint64, error) {
	var most uint64
	for dir := c.paths[controller]; ; dir = path.Dir(dir) {
		n, err := read(filepath.Join(c.root(controller), dir, "cpu.stat"), key)
		if err != nil {
			return 0, err
		}
		if most = max(most, n); dir == "/" {
			return most, nil
		}
	}
}

// read returns the number behind a word in a file of lines "word number"; 0: the word is not there.
func read(file, word string) (uint64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if key != word {
			continue
		}
		n, err := strconv.ParseUint(value, 10, 63)
		if err != nil {
			return 0, fmt.Errorf("%s: %q", filepath.Base(file), line)
		}
		return n, nil
	}
	return 0, nil
}
