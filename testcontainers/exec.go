package testcontainers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/seed-228c25e4/squall/broker"
)

var _ broker.Execer = node{}

// mostWords is more than any command says that a driver runs.
const mostWords = 16 << 20

// execWithin is how long a command is waited for that was given up.
const execWithin = 10 * time.Second

// Exec implements broker.Execer: in the broker's container, as its user. A command that is given up goes on there until it ends by itself. In a paused node
// none is run.
func (n node) Exec(ctx context.Context, argv ...string) ([]byte, error) {
	out, err := n.pod.exec(ctx, argv)
	if err != nil {
		return nil, fmt.Errorf("run %s in %s: %w", strings.Join(argv[:min(1, len(argv))], ""), n.name, err)
	}
	return out, nil
}

// A door lets commands into a container, or a pause. An engine that is just starting a command in a container when that is frozen waits for it, and answers
// nothing more about the container, not even to let it go on.
type door struct {
	mu     sync.Mutex
	inside int
	shut   bool
	left   chan struct{} // told of each command that ends
}

func (d *door) enter() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.shut {
		d.inside++
	}
	return !d.shut
}

func (d *door) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside--
	if d.left != nil && d.inside == 0 {
		close(d.left)
		d.left = nil
	}
}

// close lets nobody in any more, and returns when nobody is inside.
func (d *door) close(ctx context.Context) error {
	d.mu.Lock()
	d.shut = true
	if d.inside > 0 && d.left == nil {
		d.left = make(chan struct{})
	}
	left := d.left
	d.mu.Unlock()
	if left == nil {
		return nil
	}
	select {
	case <-left:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for a command that runs there: %w", context.Cause(ctx))
	}
}

func (d *door) open() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = false
}

// exec runs a command, and returns when it has ended or ctx has.
func (p *pod) exec(ctx context.Context, argv []string) ([]byte, error) {
	if !p.door.enter() {
		return nil, errors.New("it is paused")
	}
	type result struct {
		out []byte
		err error
	}
	told := make(chan result, 1)
	p.cluster.aside(func(life context.Context) {
		defer p.door.leave()
		within, cancel := context.WithTimeout(life, execWithin)
		defer cancel()
		out, err := p.cluster.engine.exec(within, p.broker, argv)
		told <- result{out, err}
	})
	select {
	case r := <-told:
		return r.out, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
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
