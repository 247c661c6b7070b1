package testcontainers

import (
	"context"
	"fmt"
	"sync"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/seed-228c25e4/squall/broker"
)

// A share of a processor is used up and given anew in each period, of so many microseconds.
const (
	cpuPeriod = 100_000 // the kernel's own, which limits have that are set to hurt
	// ownPeriod is that of the limit which a broker has all the time: one that has used up its share waits for milliseconds, and not for most of what users
	// would call slow.
	ownPeriod = 10_000
)

// quota is what a share of processors is to the kernel, in periods of so many microseconds.
func quota(cpu float64, every int64) (period, quota int64) {
	return every, max(int64(cpu*float64(every)), leastQuota)
}

// leastQuota is the least that the kernel takes, in microseconds.
const leastQuota = 1000

// limits are what lasts on a broker's container, beside the memory that it began with.
type limits struct {
	mu    sync.Mutex
	made  int
	lasts map[int]broker.Limits
}

// lowest returns what is in force when all that lasts is added up.
func (l *limits) lowest(all broker.Limits) broker.Limits {
	for _, x := range l.lasts {
		if x.CPU > 0 && (all.CPU == 0 || x.CPU < all.CPU) {
			all.CPU = x.CPU
		}
		if x.Memory > 0 && (all.Memory == 0 || x.Memory < all.Memory) {
			all.Memory = x.Memory
		}
	}
	return all
}

// Limit implements broker.Limiter.
func (n node) Limit(ctx context.Context, want broker.Limits) (broker.Limits, func(context.Context) error, error) {
	l := &n.limits
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lasts == nil {
		l.lasts = map[int]broker.Limits{}
	}
	l.made++
	id := l.made
	l.lasts[id] = want
	undo := func(ctx context.Context) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.lasts, id)
		_, err := n.applyLimits(ctx)
		return err
	}
	got, err := n.applyLimits(ctx)
	return got, undo, err
}

// applyLimits sets what lasts now and returns what the engine then has. Swap is as large as the memory, which is what a container begins with.
func (n node) applyLimits(ctx context.Context) (broker.Limits, error) {
	want := n.limits.lowest(broker.Limits{CPU: n.cpu, Memory: n.memory})
	r := container.Resources{Memory: want.Memory, MemorySwap: 2 * want.Memory, CPUQuota: -1} // -1: no limit
	switch want.CPU {
	case 0:
	case n.cpu:
		r.CPUPeriod, r.CPUQuota = quota(want.CPU, ownPeriod)
	default:
		r.CPUPeriod, r.CPUQuota = quota(want.CPU, cpuPeriod)
	}
	if _, err := n.cluster.engine.ContainerUpdate(ctx, n.broker, client.ContainerUpdateOptions{Resources: &r}); err != nil {
		return broker.Limits{}, n.deed("limit", err)
	}
	got, err := n.cluster.engine.ContainerInspect(ctx, n.broker, client.ContainerInspectOptions{})
	if err != nil {
		return broker.Limits{}, n.deed("look at", err)
	}
	h := got.Container.HostConfig
	inForce := broker.Limits{Memory: h.Memory}
	if h.CPUQuota > 0 && h.CPUPeriod > 0 {
		inForce.CPU = float64(h.CPUQuota) / float64(h.CPUPeriod)
	}
	if h.CPUQuota != r.CPUQuota || h.Memory != r.Memory {
		return inForce, fmt.Errorf("limit %s: the engine has a quota of %d µs and %d bytes of memory, and was asked for %d and %d",
			n.name, h.CPUQuota, h.Memory, r.CPUQuota, r.Memory)
	}
	return inForce, nil
}
