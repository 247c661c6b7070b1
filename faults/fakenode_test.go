package faults

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// What a fakeNode can do beside living and dying.

// Stop ends this process in the end, whatever becomes of who asked: SIGTERM is not taken back. A process that was started since is another one.
func (n *fakeNode) Stop(ctx context.Context, grace time.Duration) error {
	n.mu.Lock()
	asked := n.starts
	n.mu.Unlock()
	time.AfterFunc(min(n.stopTakes, grace), func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.starts == asked {
			n.up, n.paused = n.immortal, false
		}
	})
	select {
	case <-time.After(min(n.stopTakes, grace) + time.Nanosecond):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (n *fakeNode) Pause(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.paused = n.up && !n.deaf
	return n.pauseErr
}

func (n *fakeNode) Resume(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.paused = false
	return nil
}

func (n *fakeNode) Vitals(context.Context) (broker.Vitals, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v := broker.Vitals{Running: n.up, Paused: n.paused, ExitCode: -1, Used: n.used, Throttled: n.throttled, OutOfMemory: n.oom, Memory: 1e6}
	if !n.up {
		v.ExitCode = 137
	}
	return v, nil
}

func (n *fakeNode) Limit(_ context.Context, l broker.Limits) (broker.Limits, func(context.Context) error, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	own := &l
	n.limits = append(n.limits, own)
	return l, func(context.Context) error {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.limits = slices.DeleteFunc(n.limits, func(o *broker.Limits) bool { return o == own })
		return nil
	}, nil
}

func (n *fakeNode) Files(context.Context) ([]broker.File, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []broker.File
	for _, p := range slices.Sorted(maps.Keys(n.files)) {
		all = append(all, broker.File{Path: p, Size: int64(len(n.files[p]))})
	}
	return all, nil
}

func (n *fakeNode) Open(_ context.Context, path string) (io.ReadCloser, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return io.NopCloser(strings.NewReader(string(n.files[path]))), nil
}

func (n *fakeNode) Change(_ context.Context, edits ...broker.Edit) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.up {
		return errors.New("its process runs")
	}
	if n.stubborn {
		return nil
	}
	for _, e := range edits {
		switch {
		case e.Remove && e.Path == ".":
			clear(n.files)
		case e.Remove:
			delete(n.files, e.Path)
		case e.Truncate:
			n.files[e.Path] = n.files[e.Path][:e.Size]
		case e.Zero > 0:
			clear(n.files[e.Path][e.At : e.At+e.Zero])
		default:
			copy(n.files[e.Path][e.At:], e.Data)
		}
	}
	return nil
}
