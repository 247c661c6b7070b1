package embedded

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// attributes let the kernel kill a child with its parent, even one that is stopped and cannot see its standard input end.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// ticksPerSecond is USER_HZ, in which the kernel tells processor time: 100 on every architecture that Go knows.
const ticksPerSecond = 100

// inspect asks the kernel about a process.
func inspect(pid int) (process, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, err
	}
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:]) // the name before it may hold anything
	if len(fields) < 22 {
		return process{}, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	var numbers [3]int64
	for i, field := range []int{11, 12, 21} { // utime, stime, rss: see proc_pid_stat(5)
		if numbers[i], err = strconv.ParseInt(string(fields[field]), 10, 64); err != nil {
			return process{}, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
	}
	return process{
		stopped: fields[0][0] == 'T',
		used:    time.Duration(numbers[0]+numbers[1]) * (time.Second / ticksPerSecond),
		memory:  numbers[2] * int64(os.Getpagesize()),
	}, nil
}
