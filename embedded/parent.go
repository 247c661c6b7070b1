package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
)

// A parent starts processes from one thread that lives for as long as it does: the kernel ends a child with the thread that started it, and Go's own
// threads come and go.
type parent struct {
	jobs chan func()
	once sync.Once
}

func newParent() *parent {
	p := &parent{jobs: make(chan func())}
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the parent, and every child with the thread
		for job := range p.jobs {
			job()
		}
	}()
	return p
}

// close is for when every child has ended.
func (p *parent) close() { p.once.Do(func() { close(p.jobs) }) }

// A child is a process that was started here.
type child struct {
	cmd  *exec.Cmd
	log  *tail
	hand io.Closer     // the child ends when it is let go
	done chan struct{} // closed when the process has ended and all that it wrote is in log
}

// start starts a process whose standard input ends with this one. It is no part of the terminal's foreground group, so that Ctrl-C reaches squall alone.
func (p *parent) start(command, env []string) (*child, error) {
	c := &child{cmd: exec.Command(command[0], command[1:]...), log: &tail{}, done: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), env...)
	c.cmd.Stdout, c.cmd.Stderr = c.log, c.log
	c.cmd.SysProcAttr = attributes()
	hand, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	c.hand = hand
	started := make(chan error)
	p.jobs <- func() { started <- c.cmd.Start() }
	if err := <-started; err != nil {
		return nil, err
	}
	go func() {
		defer close(c.done)
		_ = c.cmd.Wait() // how it ended is in its state
	}()
	return c, nil
}

func (c *child) running() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// signal sends a signal; to a process that has ended none.
func (c *child) signal(s syscall.Signal) error {
	if err := c.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// wait waits until the process is gone.
func (c *child) wait(ctx context.Context) error {
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("process %d has not ended: %w", c.cmd.Process.Pid, ctx.Err())
	}
}

// exitCode is 137 for SIGKILL, as shells and containers count.
func (c *child) exitCode() int {
	s, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && s.Signaled() {
		return 128 + int(s.Signal())
	}
	return c.cmd.ProcessState.ExitCode()
}

// mostLines is how many lines of what a process wrote are kept.
const mostLines = 2000

// A tail keeps the last lines that were written to it.
type tail struct {
	mu    sync.Mutex
	lines []string
	part  []byte // of a line that is not whole yet
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range b {
		if c != '\n' {
			t.part = append(t.part, c)
			continue
		}
		if len(t.lines) == mostLines {
			t.lines = slices.Delete(t.lines, 0, mostLines/2)
		}
		t.lines = append(t.lines, string(t.part))
		t.part = t.part[:0]
	}
	return len(b), nil
}

func (t *tail) last(n int) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.lines[max(0, len(t.lines)-n):])
}
