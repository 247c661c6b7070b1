package host

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestMoved(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("7/io", "rchar: 5\nwchar: 6\nsyscr: 1\nread_bytes: 4096\nwrite_bytes: 123456789012\ncancelled_write_bytes: 9\n")
	write("7/net/dev", "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs\n"+
		"    lo: 100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0\n  eth0:1000 2 0 0 0 0 0 0 2000 3 0 0 0 0 0 0\n  eth1: 1 2 0 0 0 0 0 0 2 3 0 0 0 0 0 0\n")
	write("group/cgroup.procs", "7\n12\n")
	write("8/io", "read_bytes: many\n")
	m := Machine{Proc: root}
	if read, written, err := m.Disk(7); read != 4096 || written != 123456789012 || err != nil {
		t.Errorf("%d, %d, %v", read, written, err)
	}
	if in, out, err := m.Network(7); in != 1001 || out != 2002 || err != nil {
		t.Errorf("%d, %d, %v", in, out, err)
	}
	if _, _, err := m.Disk(8); err == nil {
		t.Error("took what is no number")
	}
	if _, _, err := m.Network(9); err == nil {
		t.Error("told of a process that is not there")
	}
	c := Cgroup{unified: root, paths: map[string]string{"": "/group"}}
	if all, err := c.Processes(); err != nil || !slices.Equal(all, []int{7, 12}) {
		t.Errorf("%v, %v", all, err)
	}
}
