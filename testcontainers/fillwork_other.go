//go:build !linux

package testcontainers

import (
	"errors"
	"io"
)

// fillDisk is for helpers, which run where containers do: on Linux.
func fillDisk(string, int64, io.Writer) error {
	return errors.New("a disk is filled on Linux alone")
}
