//go:build !linux

package embedded

import (
	"errors"
	"syscall"
)

// attributes leave it to the child to notice that its parent is gone: its standard input ends. One that is stopped notices when it goes on.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func inspect(int) (process, error) {
	return process{}, errors.New("what a process uses can be seen on Linux only")
}
