package testcontainers

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/seed-228c25e4/squall/broker"
)

// Vitals implements broker.Vital.
func (n node) Vitals(ctx context.Context) (broker.Vitals, error) {
	got, err := n.cluster.engine.ContainerInspect(ctx, n.broker, client.ContainerInspectOptions{})
	if err != nil {
		return broker.Vitals{}, n.deed("look at", err)
	}
	s := got.Container.State
	v := broker.Vitals{Running: s.Running, Paused: s.Paused, ExitCode: s.ExitCode, OutOfMemory: s.OOMKilled, Used: -1}
	if !s.Running {
		return v, nil
	}
	v.ExitCode = -1
	stats, err := n.cluster.engine.stats(ctx, n.broker)
	if err != nil {
		return v, n.deed("look at the use of", err)
	}
	v.Used = time.Duration(stats.CPUStats.CPUUsage.TotalUsage)
	v.Throttled = time.Duration(stats.CPUStats.ThrottlingData.ThrottledTime)
	v.Memory = int64(stats.MemoryStats.Usage - min(stats.MemoryStats.Usage, idlePages(stats.MemoryStats.Stats)))
	return v, nil
}

// idlePages is how much of the memory are pages of files that the kernel can drop, under its names in cgroups of version 1 or 2.
func idlePages(stats map[string]uint64) uint64 {
	if v, ok := stats["total_inactive_file"]; ok {
		return v
	}
	return stats["inactive_file"]
}

// stats reads the counters of a container's cgroup once.
func (e *engine) stats(ctx context.Context, id string) (container.StatsResponse, error) {
	var s container.StatsResponse
	got, err := e.ContainerStats(ctx, id, client.ContainerStatsOptions{})
	if err != nil {
		return s, err
	}
	defer got.Body.Close()
	if err := json.NewDecoder(got.Body).Decode(&s); err != nil {
		return s, fmt.Errorf("read the engine's figures: %w", err)
	}
	return s, nil
}
