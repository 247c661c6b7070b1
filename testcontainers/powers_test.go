package testcontainers_test

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/testcontainers"
)

// What a node can do beside living and dying.
func TestPowers(t *testing.T) {
	c := start(t, testcontainers.Options{Nodes: 1, RunID: "powers", Disk: diskSize})
	n := c.Nodes()[0]
	t.Run("vitals", func(t *testing.T) { vitals(t, n) })
	t.Run("limits", func(t *testing.T) { limits(t, n) })
	t.Run("fill", func(t *testing.T) { fill(t, n) })
	t.Run("disk", func(t *testing.T) { disk(t, n) })
}

const diskSize = 256 << 20

// fill fills a disk, which stays what it is while its broker is dead.
func fill(t *testing.T, n broker.Node) {
	f := n.(broker.Filler)
	if f.DiskSize() != diskSize {
		t.Errorf("the disk has %d bytes", f.DiskSize())
	}
	const leave = 10 << 20
	before, after, undo, err := f.Fill(t.Context(), leave)
	if err != nil || before < diskSize/2 || before > diskSize || after > leave {
		t.Errorf("%d bytes were free, and %d are: %v", before, after, err)
	}
	if err := n.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := n.(broker.Disk).Files(t.Context())
	if err != nil || !slices.ContainsFunc(files, func(f broker.File) bool { return f.Path == "meta.properties" }) {
		t.Errorf("the broker died, and of its data is left: %v, %v", files, err)
	}
	for range 2 { // a heal that comes twice is no error
		if err := undo(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if again, _, undo, err := f.Fill(t.Context(), diskSize); err != nil || again < before-leave || undo(t.Context()) != nil {
		t.Errorf("freed again, %d bytes are free, and %d were: %v", again, before, err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func look(t *testing.T, n broker.Node) broker.Vitals {
	t.Helper()
	v, err := n.(broker.Vital).Vitals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func vitals(t *testing.T, n broker.Node) {
	if v := look(t, n); !v.Running || v.Paused || v.ExitCode != -1 || v.Used <= 0 || v.Memory < 50<<20 {
		t.Errorf("it runs: %+v", v)
	}
	if err := n.Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	held := look(t, n)
	time.Sleep(300 * time.Millisecond)
	if v := look(t, n); !v.Running || !v.Paused || v.Used != held.Used {
		t.Errorf("it is held: %+v, and was %+v", v, held)
	}
	if err := n.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	if v := look(t, n); v.Paused || v.Used <= held.Used {
		t.Errorf("it goes on: %+v", v)
	}
	if err := n.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v := look(t, n); v.Running || v.ExitCode != 137 || v.OutOfMemory {
		t.Errorf("it was killed: %+v", v)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func limits(t *testing.T, n broker.Node) {
	limit := func(want, inForce broker.Limits) func(context.Context) error {
		t.Helper()
		got, undo, err := n.(broker.Limiter).Limit(t.Context(), want)
		if err != nil || got != inForce {
			t.Fatalf("limited to %+v: %+v is in force, want %+v (%v)", want, got, inForce, err)
		}
		return undo
	}
	const whole = 2*512<<20 + 512<<20 + diskSize
	first := limit(broker.Limits{CPU: 0.5}, broker.Limits{CPU: 0.5, Memory: whole})
	before := look(t, n)
	second := limit(broker.Limits{CPU: 0.2, Memory: 1 << 30}, broker.Limits{CPU: 0.2, Memory: 1 << 30})
	time.Sleep(2 * time.Second) // it starts, and wants more
	if v := look(t, n); v.Throttled <= before.Throttled || v.Used-before.Used > time.Second {
		t.Errorf("with a fifth of a processor it had %v in two seconds, and waited %v", v.Used-before.Used, v.Throttled-before.Throttled)
	}
	if err := n.Kill(t.Context()); err != nil { // limits outlast the process
		t.Fatal(err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, undo := range []func(context.Context) error{second, second, first} { // a heal that comes twice is no error
		if err := undo(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	limit(broker.Limits{}, broker.Limits{Memory: whole})
}

func disk(t *testing.T, n broker.Node) {
	d := n.(broker.Disk)
	if err := d.Change(t.Context(), broker.Edit{Path: ".", Remove: true}); err == nil || !strings.Contains(err.Error(), "its process runs") {
		t.Errorf("the disk of a process that runs was changed: %v", err)
	}
	if err := n.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	size := func(path string) int64 {
		files, err := d.Files(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(files, func(f broker.File) bool { return f.Path == path })
		if i < 0 {
			return -1
		}
		return files[i].Size
	}
	read := func(path string) []byte {
		r, err := d.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		all, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	change := func(edits ...broker.Edit) {
		t.Helper()
		if err := d.Change(t.Context(), edits...); err != nil {
			t.Fatal(err)
		}
	}
	const file, other = "bootstrap.checkpoint", "meta.properties"
	was := read(file)
	if size(file) != int64(len(was)) || len(was) < 100 {
		t.Fatalf("%s has %d bytes, and is listed with %d", file, len(was), size(file))
	}
	change(broker.Edit{Path: file, At: 3, Data: []byte{0, '\'', 0xff, '%', '\\'}}, broker.Edit{Path: file, At: 20, Zero: 30}, broker.Edit{Path: file, Truncate: true, Size: 90})
	copy(was[3:], []byte{0, '\'', 0xff, '%', '\\'})
	clear(was[20:50])
	if got := read(file); !bytes.Equal(got, was[:90]) {
		t.Errorf("got\n%q\nwant\n%q", got, was[:90])
	}
	change(broker.Edit{Path: other, Remove: true})
	if s := size(other); s != -1 {
		t.Errorf("%s is still there, with %d bytes", other, s)
	}
	for _, bad := range []broker.Edit{{Path: "../outside", Remove: true}, {Path: "/etc/passwd", Remove: true}, {Path: "no such", Remove: true},
		{Path: "no such", At: 1, Data: []byte{1}}, {Path: "no such", Truncate: true, Size: 1}, {Path: file}} {
		if err := d.Change(t.Context(), bad); err == nil {
			t.Errorf("%+v was done", bad)
		}
	}
	change(broker.Edit{Path: ".", Remove: true})
	if files, err := d.Files(t.Context()); err != nil || len(files) != 0 {
		t.Errorf("wiped, and there is %v (%v)", files, err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}
