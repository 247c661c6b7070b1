package testcontainers

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/seed-228c25e4/squall/broker"
)

var _ broker.Execer = node{}

// mostWords is more than any command says that a driver runs.
const mostWords = 16 << 20

// Exec implements broker.Execer: in the broker's container, as its user. A command that is given up goes on there until it ends by itself.
func (n node) Exec(ctx context.Context, argv ...string) ([]byte, error) {
	out, err := n.cluster.engine.exec(ctx, n.broker, argv)
	if err != nil {
		return nil, fmt.Errorf("run %s in %s: %w", strings.Join(argv[:min(1, len(argv))], ""), n.name, err)
	}
	return out, nil
}

func (e *engine) exec(ctx context.Context, id string, argv []string) ([]byte, error) {
	made, err := e.ExecCreate(ctx, id, client.ExecCreateOptions{Cmd: argv, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return nil, err
	}
	stream, err := e.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	defer context.AfterFunc(ctx, stream.Close)() // the stream has no context of its own
	var said, complained bytes.Buffer
	_, err = stdcopy.StdCopy(&said, &complained, io.LimitReader(stream.Reader, mostWords))
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	switch code, err := e.exitOf(ctx, made.ID); {
	case err != nil:
		return nil, err
	case code != 0:
		return nil, fmt.Errorf("exit code %d: %s", code, strings.TrimSpace(complained.String()))
	}
	return said.Bytes(), nil
}

// exitOf returns with what a command ended that has said its last.
func (e *engine) exitOf(ctx context.Context, command string) (int, error) {
	for {
		got, err := e.ExecInspect(ctx, command, client.ExecInspectOptions{})
		if err != nil || !got.Running {
			return got.ExitCode, err
		}
		select {
		case <-time.After(polling):
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}
