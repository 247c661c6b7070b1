//go:build !linux

package bench_test

import (
	"os"
	"testing"
)

func terminal(t *testing.T, _, _ int) (theirs, ours *os.File) {
	t.Helper()
	t.Skip("a terminal is made on Linux alone")
	return nil, nil
}
