package testcontainers

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	tc "github.com/testcontainers/testcontainers-go"

	"github.com/seed-228c25e4/squall/broker"
)

const (
	helperMemory = 256 << 20
	helperPids   = 64
	helperLines  = 1_000_000 // more files than a broker has
	helperTask   = "/task.json"
)

// Files implements broker.Disk.
func (n node) Files(ctx context.Context) ([]broker.File, error) {
	lines, err := n.onDisk(ctx, diskTask{List: true})
	if err != nil {
		return nil, n.deed("list the files of", err)
	}
	var all []broker.File
	for _, line := range lines {
		size, name, ok := strings.Cut(line, " ")
		bytes, err := strconv.ParseInt(size, 10, 64)
		if !ok || err != nil {
			return nil, n.deed("list the files of", fmt.Errorf("%q is no file with its size", line))
		}
		all = append(all, broker.File{Path: path.Clean(name), Size: bytes})
	}
	slices.SortFunc(all, func(a, b broker.File) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

// Open implements broker.Disk.
func (n node) Open(ctx context.Context, file string) (io.ReadCloser, error) {
	got, err := n.cluster.engine.CopyFromContainer(ctx, n.broker, client.CopyFromContainerOptions{SourcePath: path.Join(n.data, file)})
	if err != nil {
		return nil, n.deed("read "+file+" of", err)
	}
	archive := tar.NewReader(got.Content)
	if h, err := archive.Next(); err != nil || h.Typeflag != tar.TypeReg {
		got.Content.Close()
		return nil, n.deed("read "+file+" of", cmp.Or(err, errors.New("it is no file")))
	}
	return archived{archive, got.Content}, nil
}

// archived is one file of an archive.
type archived struct {
	io.Reader
	io.Closer
}

// Change implements broker.Disk.
func (n node) Change(ctx context.Context, edits ...broker.Edit) error {
	if running, err := n.Running(ctx); err != nil || running {
		return n.deed("change the files of", cmp.Or(err, errors.New("its process runs, and has them open")))
	}
	for _, e := range edits {
		if err := whatIsWrong(e); err != nil {
			return n.deed("change the files of", err)
		}
	}
	_, err := n.onDisk(ctx, diskTask{Edits: edits})
	return n.deed("change the files of", err)
}

// whatIsWrong says why an edit cannot be meant.
func whatIsWrong(e broker.Edit) error {
	switch {
	case path.IsAbs(e.Path), strings.HasPrefix(path.Clean(e.Path), ".."), strings.ContainsRune(e.Path, 0):
		return fmt.Errorf("%q lies outside of the data directory", e.Path)
	case !e.Remove && !e.Truncate && e.Zero <= 0 && len(e.Data) == 0:
		return fmt.Errorf("nothing is to be done to %s", e.Path)
	}
	return nil
}

// onDisk does something in the node's data directory and returns what there was to tell: in a container of its own, which has nothing but this program, as in
// the sidecar, and the node's data. It works whether the broker runs or not, whatever became of its files, and in whatever image it is: there are some with no
// program but the broker. Whoever the broker is, its files may be changed; there is no network.
func (n node) onDisk(ctx context.Context, task diskTask) ([]string, error) {
	task.Dir = n.data
	text, err := json.Marshal(task)
	if err != nil {
		return nil, err
	}
	id, err := run(ctx, n.program, func(req *tc.GenericContainerRequest) {
		req.Name = n.containerName(fmt.Sprintf("disk-%d", n.helpers.Add(1)))
		req.Labels = n.labels("disk")
		req.Entrypoint = []string{"/squall", "disk", helperTask}
		req.ConfigModifier = as("0:0")
		req.Files = []tc.ContainerFile{{Reader: bytes.NewReader(text), ContainerFilePath: helperTask, FileMode: 0o644}}
		req.HostConfigModifier = func(h *container.HostConfig) {
			confine(h, helperMemory+n.disk, helperPids) // what it writes to a disk that is memory counts as its own
			h.CapAdd = []string{"DAC_OVERRIDE", "FOWNER"}
			h.NetworkMode = "none"
			h.VolumesFrom = []string{n.broker}
		}
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answering)
		defer cancel()
		// What fails is removed with the run; the volumes are the broker's, and stay.
		_, _ = n.cluster.engine.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true})
	}()
	code, err := n.cluster.engine.ended(ctx, id)
	if err != nil {
		return nil, err
	}
	return n.cluster.engine.printed(ctx, id, code)
}

// printed returns all that a helper printed. An engine may say that a container has ended before it has written down its last lines; and that it began
// after it had printed its first, so that its log is not asked for since its start.
func (e *engine) printed(ctx context.Context, id string, code int64) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, answering)
	defer cancel()
	for {
		lines, err := e.logSince(ctx, id, "", helperLines)
		switch {
		case err != nil:
			return nil, err
		case code != 0:
			return nil, fmt.Errorf("exit code %d: %s", code, strings.Join(lines, "; "))
		case len(lines) > 0 && lines[len(lines)-1] == lastLine:
			return lines[:len(lines)-1], nil
		}
		select {
		case <-time.After(polling):
		case <-ctx.Done():
			return nil, fmt.Errorf("what it printed is not whole: %w", ctx.Err())
		}
	}
}

// ended waits for a container and returns its exit code.
func (e *engine) ended(ctx context.Context, id string) (int64, error) {
	over := e.ContainerWait(ctx, id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case r := <-over.Result:
		return r.StatusCode, nil
	case err := <-over.Error:
		return 0, err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
