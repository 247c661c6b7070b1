package testcontainers

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/mount"

	"github.com/seed-228c25e4/squall/broker"
)

var _ broker.Filler = node{}

// dataMount is where a broker's data is: a volume that goes with its container, or one of a size.
//
// That is memory, which the engine keeps as long as some container that mounts it runs: the sidecar mounts it as well, or the death of a broker would
// take its data away.
func (p *pod) dataMount(target string) mount.Mount {
	m := mount.Mount{Type: mount.TypeVolume, Target: target, VolumeOptions: &mount.VolumeOptions{Labels: p.labels("broker")}}
	if p.disk > 0 {
		m.Source = p.containerName("data")
		m.VolumeOptions.DriverConfig = &mount.Driver{Name: "local", Options: map[string]string{
			"type": "tmpfs", "device": "tmpfs", "o": fmt.Sprintf("size=%d,mode=1777", p.disk), // whichever user the broker is
		}}
	}
	return m
}

// DiskSize implements broker.Filler.
func (n node) DiskSize() int64 { return n.disk }

// Fill implements broker.Filler.
func (n node) Fill(ctx context.Context, leave int64) (before, after int64, _ func(context.Context) error, _ error) {
	undo := func(ctx context.Context) error {
		_, err := n.onDisk(ctx, diskTask{Free: true})
		return n.deed("free the disk of", err)
	}
	lines, err := n.onDisk(ctx, diskTask{Fill: true, Leave: leave})
	if err == nil && len(lines) != 2 {
		err = fmt.Errorf("the room that is free is told as %q", lines)
	}
	if err != nil {
		return 0, 0, undo, n.deed("fill the disk of", err)
	}
	for i, to := range []*int64{&before, &after} {
		if *to, err = strconv.ParseInt(strings.TrimSpace(lines[i]), 10, 64); err != nil {
			return 0, 0, undo, n.deed("fill the disk of", fmt.Errorf("the room that is free is told as %q", lines[i]))
		}
	}
	return before, after, undo, nil
}
