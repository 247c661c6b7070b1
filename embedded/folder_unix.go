//go:build unix

package embedded

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

const folderPrefix = "squall-nats-"

// claimFolder makes a temporary folder for a cluster's data, which is this process's own for as long as it holds the claim. It removes those whose process
// was killed before it could.
func claimFolder() (string, *os.File, error) {
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*", "claim"))
	for _, name := range old {
		sweep(name)
	}
	for try := 1; ; try++ {
		dir, claim, err := newFolder()
		if err == nil || try == 5 {
			return dir, claim, err
		}
	}
}

// newFolder fails where another process takes the folder for a forgotten one before it is claimed.
func newFolder() (string, *os.File, error) {
	dir, err := os.MkdirTemp("", folderPrefix)
	if err != nil {
		return "", nil, err
	}
	claim, err := os.OpenFile(filepath.Join(dir, "claim"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = syscall.Flock(int(claim.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		return "", nil, errors.Join(err, releaseFolder(dir, claim))
	}
	return dir, claim, nil
}

// sweep removes a folder that nobody claims any more. One that cannot be looked at is somebody else's.
func sweep(name string) {
	claim, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer claim.Close()
	if syscall.Flock(int(claim.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		_ = os.RemoveAll(filepath.Dir(name)) // the next one tries again
	}
}

// releaseFolder removes the folder and lets go of the claim.
func releaseFolder(dir string, claim *os.File) error {
	if dir == "" {
		return nil
	}
	err := os.RemoveAll(dir)
	if claim != nil {
		err = errors.Join(err, claim.Close())
	}
	return err
}
