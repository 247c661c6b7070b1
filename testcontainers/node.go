package testcontainers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/seed-228c25e4/squall/broker"
)

// node is a pod as faults see it: what is killed and stopped is the broker, and never the sidecar.
type node struct{ *pod }

var (
	_ broker.Node      = node{}
	_ broker.Logger    = node{}
	_ broker.LogKeeper = node{}
	_ broker.Process   = node{}
	_ broker.Vital     = node{}
	_ broker.Limiter   = node{}
	_ broker.Disk      = node{}
	_ broker.Restarter = node{}
)

func (n node) Name() string { return n.name }
func (n node) ID() string   { return n.id }

// Kill implements broker.Node. A node that is dead already is no error.
func (n node) Kill(ctx context.Context) error {
	n.keeper.ask()
	return n.deed("kill", n.cluster.engine.end(ctx, n.broker, "SIGKILL"))
}

// Stop implements broker.Node. A grace of nothing kills at once.
func (n node) Stop(ctx context.Context, grace time.Duration) error {
	n.keeper.ask()
	patient, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	err := n.cluster.engine.end(patient, n.broker, "SIGTERM")
	if err != nil && ctx.Err() == nil && patient.Err() != nil {
		return n.Kill(ctx)
	}
	return n.deed("stop", err)
}

// Start implements broker.Node.
func (n node) Start(ctx context.Context) error {
	asked := n.keeper.ask()
	n.door.open() // it may have been paused when it was ended
	_, err := n.cluster.engine.ContainerStart(ctx, n.broker, client.ContainerStartOptions{})
	if err == nil {
		n.began(ctx)
		n.cluster.keep(n.pod, asked)
	}
	return n.deed("start", err)
}

// Pause implements broker.Node. It waits for the commands that run in the node.
func (n node) Pause(ctx context.Context) error {
	err := n.door.close(ctx)
	if err == nil {
		_, err = n.cluster.engine.ContainerPause(ctx, n.broker, client.ContainerPauseOptions{})
	}
	if err != nil {
		n.door.open()
	}
	return n.deed("pause", err)
}

// Resume implements broker.Node. A node that is not paused, or was killed meanwhile, is no error: a heal may come late.
func (n node) Resume(ctx context.Context) error {
	_, err := n.cluster.engine.ContainerUnpause(ctx, n.broker, client.ContainerUnpauseOptions{})
	if err != nil {
		if got, e := n.cluster.engine.ContainerInspect(ctx, n.broker, client.ContainerInspectOptions{}); e == nil && !got.Container.State.Paused {
			err = nil
		}
	}
	if err == nil {
		n.door.open()
	}
	return n.deed("resume", err)
}

// Running implements broker.Process. Of a broker that has ended, and is perhaps started again by its keeper, it waits for what becomes of it.
func (n node) Running(ctx context.Context) (bool, error) {
	for {
		kept := n.keeper.keeps()
		running, err := n.cluster.engine.running(ctx, n.broker)
		if err != nil || running || !kept {
			return running, n.deed("look at", err)
		}
		select {
		case <-time.After(polling):
		case <-ctx.Done():
			return false, n.deed("look at", ctx.Err())
		}
	}
}

// Log implements broker.Logger.
func (n node) Log(ctx context.Context, lines int) ([]string, error) {
	log, err := n.cluster.engine.log(ctx, n.broker, lines)
	return log, n.deed("read the log of", err)
}

// began takes down when the broker's present process was started. Where the engine does not tell, what it writes counts to the process before.
func (n node) began(ctx context.Context) {
	got, err := n.cluster.engine.ContainerInspect(ctx, n.broker, client.ContainerInspectOptions{})
	if err != nil {
		return
	}
	n.starting.Lock()
	defer n.starting.Unlock()
	if at := got.Container.State.StartedAt; len(n.starts) == 0 || n.starts[len(n.starts)-1] != at {
		n.starts = append(n.starts, at)
	}
}

// Logs implements broker.LogKeeper. The engine keeps the last 16 to 32 MiB of a node.
func (n node) Logs(ctx context.Context, open func(process int) (io.WriteCloser, error)) error {
	n.starting.Lock()
	edges := append(append([]string{""}, n.starts...), "")
	n.starting.Unlock()
	for i, since := range edges[:len(edges)-1] {
		if err := n.logOf(ctx, since, edges[i+1], func() (io.WriteCloser, error) { return open(i + 1) }); err != nil {
			return n.deed("read the logs of", err)
		}
	}
	return nil
}

func (n node) logOf(ctx context.Context, since, until string, open func() (io.WriteCloser, error)) (err error) {
	stream, err := n.cluster.engine.ContainerLogs(ctx, n.broker, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Since: since, Until: until})
	if err != nil {
		return err
	}
	defer stream.Close()
	to, err := open()
	if err != nil {
		return err
	}
	_, err = stdcopy.StdCopy(to, to, stream)
	return errors.Join(err, to.Close())
}

func (n node) deed(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s %s: %w", what, n.name, err)
	}
	return nil
}

// end sends a signal and waits until the container's process is gone.
func (e *engine) end(ctx context.Context, id, signal string) error {
	_, err := e.ContainerKill(ctx, id, client.ContainerKillOptions{Signal: signal})
	if err != nil {
		if running, e := e.running(ctx, id); e == nil && !running {
			return nil
		}
		return err
	}
	_, err = e.ended(ctx, id)
	return err
}

func (e *engine) running(ctx context.Context, id string) (bool, error) {
	got, err := e.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return got.Container.State.Running, nil
}

// log returns the last lines since the container was started last.
func (e *engine) log(ctx context.Context, id string, lines int) ([]string, error) {
	got, err := e.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return nil, err
	}
	return e.logSince(ctx, id, got.Container.State.StartedAt, lines)
}

// logSince returns the last lines since a moment; empty: since ever.
func (e *engine) logSince(ctx context.Context, id, since string, lines int) ([]string, error) {
	stream, err := e.ContainerLogs(ctx, id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Since: since, Tail: strconv.Itoa(lines)})
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	var text bytes.Buffer
	if _, err := stdcopy.StdCopy(&text, &text, stream); err != nil {
		return nil, err
	}
	if text.Len() == 0 {
		return nil, nil
	}
	return strings.Split(strings.TrimRight(text.String(), "\n"), "\n"), nil
}
