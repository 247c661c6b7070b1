package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Processes returns the numbers of the processes that are in the group now.
func (c *Cgroup) Processes() ([]int, error) {
	controller := c.controllers()[0]
	text, err := os.ReadFile(filepath.Join(c.root(controller), c.paths[controller], "cgroup.procs"))
	if err != nil {
		return nil, err
	}
	var all []int
	for _, word := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			return nil, fmt.Errorf("processes of a control group are told as %q", text)
		}
		all = append(all, pid)
	}
	return all, nil
}

// Disk reads how many bytes a process has had read from disks, and written to files on them, since it started. What is written counts when the process writes
// it, and not when the kernel puts it there.
func (m Machine) Disk(pid int) (read, written uint64, err error) {
	text, err := os.ReadFile(filepath.Join(m.Proc, strconv.Itoa(pid), "io"))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		var to *uint64
		switch name {
		case "read_bytes":
			to = &read
		case "write_bytes":
			to = &written
		default:
			continue
		}
		if *to, err = strconv.ParseUint(value, 10, 64); err != nil {
			return 0, 0, fmt.Errorf("what a process reads and writes is told as %q", line)
		}
	}
	return read, written, nil
}

// Network reads how many bytes came in and went out through the interfaces that a process sees, but for what it says to itself.
func (m Machine) Network(pid int) (in, out uint64, err error) {
	text, err := os.ReadFile(filepath.Join(m.Proc, strconv.Itoa(pid), "net", "dev"))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		name, rest, found := strings.Cut(line, ":")
		fields := strings.Fields(rest)
		if !found || len(fields) < 9 || strings.TrimSpace(name) == "lo" { // two lines of titles have no colon
			continue
		}
		received, err := strconv.ParseUint(fields[0], 10, 64)
		sent, err2 := strconv.ParseUint(fields[8], 10, 64)
		if err != nil || err2 != nil {
			return 0, 0, fmt.Errorf("what an interface moved is told as %q", line)
		}
		in, out = in+received, out+sent
	}
	return in, out, nil
}
