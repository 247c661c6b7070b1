package testcontainers

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// fillTries bounds how often the room that is free is asked for anew.
const fillTries = 50

// fillDisk takes the room that is free but for so many bytes, and prints how much was free before and is after. What runs takes some as well meanwhile, so
// that it is asked again and again; half of the room is taken where all of it was not there any more.
func fillDisk(dir string, leave int64, out io.Writer) error {
	before, err := room(dir)
	if err != nil {
		return err
	}
	after := before
	for i := 0; i < fillTries && after > leave; i++ {
		if err := reserve(filepath.Join(dir, fmt.Sprint(filling, i)), after-leave); err != nil {
			return err
		}
		if after, err = room(dir); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "%d\n%d\n", before, after)
	return err
}

// room is how many bytes are free.
func room(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("how much is free in %s: %w", dir, err)
	}
	return int64(s.Bavail) * s.Bsize, nil
}

// reserve makes a file of so many bytes, or of half of them.
func reserve(file string, size int64) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	err = syscall.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, syscall.ENOSPC) {
		err = syscall.Fallocate(int(f.Fd()), 0, 0, size/2+1)
	}
	if errors.Is(err, syscall.ENOSPC) {
		return nil // somebody else has taken it: the room is asked for again
	}
	return err
}
