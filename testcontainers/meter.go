package testcontainers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/moby/moby/client"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/host"
)

var _ broker.Metered = node{}

// meters are the control groups of a pod's containers, which keep their names over all starts.
type meters struct {
	mu              sync.Mutex
	broker, sidecar *host.Cgroup
	failed          error
}

// find returns the control groups of the pod's broker and sidecar, which are looked for until they are found once: what does not run has none.
func (m *meters) find(ctx context.Context, p *pod) (own, beside *host.Cgroup, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broker == nil && m.failed == nil {
		m.broker, m.failed = p.cluster.engine.cgroup(ctx, p.broker)
	}
	if m.sidecar == nil && m.failed == nil {
		m.sidecar, m.failed = p.cluster.engine.cgroup(ctx, p.sidecar)
	}
	err = m.failed
	if errors.Is(err, errNotRunning) || ctx.Err() != nil {
		m.failed = nil
	}
	return m.broker, m.sidecar, err
}

var errNotRunning = errors.New("it does not run")

// cgroup finds the control group of a container that runs.
func (e *engine) cgroup(ctx context.Context, id string) (*host.Cgroup, error) {
	got, err := e.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return nil, err
	}
	if got.Container.State.Pid == 0 {
		return nil, errNotRunning
	}
	c, err := host.Local().CgroupOf(got.Container.State.Pid, id)
	if err != nil {
		return nil, fmt.Errorf("the engine's processes are not seen from here, as where it runs on another machine or squall in a container: %w", err)
	}
	return c, nil
}

// Meter implements broker.Metered. It reads the files of the control groups, where the engine runs on this machine: to ask the engine would cost it 8 ms of
// a processor for each container, and take a second.
func (n node) Meter(ctx context.Context) (broker.Metering, error) {
	var m broker.Metering
	own, beside, err := n.meters.find(ctx, n.pod)
	if err != nil {
		return m, n.deed("find the control group of", err)
	}
	sidecar, err := beside.Read()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, n.deed("read the control group of", err)
	}
	c, err := own.Read() // which is gone while the broker does not run
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, n.deed("read the control group of", err)
	}
	if err == nil {
		m.Used, m.Throttled, m.OOMKills, m.Memory = c.Used, c.Throttled, c.OOMKills, c.Memory
		moved(&m, own, beside)
	}
	m.Beside = sidecar.Used
	return m, nil
}

// moved tells what a pod read, wrote, received and sent, as far as that is to be had: the broker's processes write its files, and the sidecar has its network.
func moved(m *broker.Metering, own, beside *host.Cgroup) {
	machine := host.Local()
	processes, _ := own.Processes() // none: it has just ended
	for _, pid := range processes {
		if read, written, err := machine.Disk(pid); err == nil {
			m.Read, m.Written = m.Read+read, m.Written+written
		}
	}
	if processes, _ = beside.Processes(); len(processes) > 0 {
		m.Received, m.Sent, _ = machine.Network(processes[0])
	}
}
