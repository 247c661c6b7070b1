package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/seed-228c25e4/squall/broker"
)

// memoryDisk is a disk of a killed node.
type memoryDisk map[string][]byte

func (d memoryDisk) Files(context.Context) ([]broker.File, error) {
	var all []broker.File
	for _, p := range slices.Sorted(maps.Keys(d)) {
		all = append(all, broker.File{Path: p, Size: int64(len(d[p]))})
	}
	return all, nil
}

func (d memoryDisk) Open(_ context.Context, path string) (io.ReadCloser, error) {
	if d[path] == nil {
		return nil, errors.New("no such file")
	}
	return io.NopCloser(bytes.NewReader(d[path])), nil
}

func (d memoryDisk) Change(_ context.Context, edits ...broker.Edit) error {
	for _, e := range edits {
		switch {
		case d[e.Path] == nil:
			return errors.New("no such file " + e.Path)
		case e.Remove:
			delete(d, e.Path)
		case e.Truncate:
			d[e.Path] = d[e.Path][:e.Size]
		default:
			return errors.New("nobody asked for this")
		}
	}
	return nil
}

// batches are record batches of so many messages each, from an offset on, 100 bytes long.
func batches(base int, counts ...int) []byte {
	var all []byte
	for _, n := range counts {
		b := make([]byte, 100)
		binary.BigEndian.PutUint64(b, uint64(base))
		binary.BigEndian.PutUint32(b[8:], 88)
		b[16] = 2
		binary.BigEndian.PutUint32(b[23:], uint32(n-1))
		all = append(all, b...)
		base += n
	}
	return all
}

func TestCutUnflushed(t *testing.T) {
	t.Parallel()
	const first, second, never = "orders-0/00000000000000000000.log", "orders-0/00000000000000000030.log", math.MaxInt64
	for _, c := range []struct {
		name   string
		points string
		flush  int64
		disk   memoryDisk
		left   map[string]int // sizes
		told   string
	}{
		{"from the recovery point on", "0\n1\norders 0 10\n", never, memoryDisk{first: batches(0, 10, 10, 10),
			"orders-0/00000000000000000000.index": {1}, "orders-0/00000000000000000010.snapshot": {1}, "orders-0/00000000000000000020.snapshot": {1},
			"orders-0/partition.metadata": {1}},
			map[string]int{first: 100, "orders-0/00000000000000000010.snapshot": 1, "orders-0/partition.metadata": 1},
			"orders-0 cut from offset 30 back to 10, 200 B of " + first},
		{"never written down", "0\n0\n", never, memoryDisk{first: batches(0, 10)}, map[string]int{first: 0}, "back to 0"},
		{"no checkpoint", "", never, memoryDisk{first: batches(0, 10)}, map[string]int{first: 0}, "back to 0"},
		{"the old segment stays", "0\n1\norders 0 10\n", never, memoryDisk{first: batches(0, 10, 10, 10), second: batches(30, 5)},
			map[string]int{first: 300, second: 0}, "orders-0 cut from offset 35 back to 30"},
		{"each append is flushed", "0\n1\norders 0 10\n", 1, memoryDisk{first: batches(0, 10, 10)}, map[string]int{first: 200}, "nothing is lost"},
		{"half a batch goes all the same", "0\n1\norders 0 10\n", 1, memoryDisk{first: append(batches(0, 10, 10), batches(20, 10)[:70]...)},
			map[string]int{first: 200}, "from offset 20 back to 20, 70 B"},
		{"every 15 are flushed", "0\n1\norders 0 0\n", 15, memoryDisk{first: batches(0, 10, 10, 10, 10)}, map[string]int{first: 300}, "from offset 40 back to 30"},
		{"the point is above", "0\n1\norders 0 20\n", never, memoryDisk{first: batches(0, 10, 10)}, map[string]int{first: 200}, "nothing is lost"},
		{"others stay", "0\n0\n", never, memoryDisk{"__cluster_metadata-0/00000000000000000000.log": batches(0, 10), "meta.properties": {1},
			"orders-0.7a-delete/00000000000000000000.log": batches(0, 10)},
			map[string]int{"__cluster_metadata-0/00000000000000000000.log": 100, "meta.properties": 1, "orders-0.7a-delete/00000000000000000000.log": 100},
			"nothing is lost"},
	} {
		if c.points != "" {
			c.disk[recoveryPoints] = []byte(c.points)
		}
		told, err := cutUnflushed(t.Context(), c.disk, map[string]int64{"orders": c.flush})
		if err != nil || !strings.Contains(strings.Join(told, "\n"), c.told) {
			t.Errorf("%s: told %q, want %q (%v)", c.name, told, c.told, err)
		}
		left := map[string]int{}
		for p, b := range c.disk {
			if p != recoveryPoints {
				left[p] = len(b)
			}
		}
		if !maps.Equal(left, c.left) {
			t.Errorf("%s: left %v, want %v", c.name, left, c.left)
		}
	}
	for _, bad := range []string{"1\n0\n", "0\n1\norders 0\n", "0\n1\norders 0 x\n"} {
		if _, err := cutUnflushed(t.Context(), memoryDisk{recoveryPoints: []byte(bad)}, nil); err == nil || !strings.Contains(err.Error(), recoveryPoints) {
			t.Errorf("%q was read as a checkpoint: %v", bad, err)
		}
	}
}
