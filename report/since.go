package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Since tells in one line what is not as it was before; empty: nothing.
func (b StateChange) Since(a StateChange) string {
	var parts []string
	if !slices.Equal(a.Nodes, b.Nodes) {
		parts = append(parts, fmt.Sprintf("nodes %s", list(b.Nodes)))
	}
	if a.Controller != b.Controller {
		parts = append(parts, "controller "+cmp.Or(b.Controller, "nobody"))
	}
	var led, synced []string
	for i, p := range b.Partitions {
		if i >= len(a.Partitions) {
			continue
		}
		before := a.Partitions[i]
		if before.Leader != p.Leader || before.Epoch != p.Epoch {
			led = append(led, fmt.Sprintf("%d by %s", p.Partition, cmp.Or(p.Leader, "nobody")))
		}
		if !slices.Equal(before.InSync, p.InSync) {
			synced = append(synced, fmt.Sprintf("%d: %s", p.Partition, list(p.InSync)))
		}
	}
	if len(a.Partitions) != len(b.Partitions) {
		parts = append(parts, fmt.Sprintf("%d partitions", len(b.Partitions)))
	}
	if len(led) > 0 {
		parts = append(parts, "led "+strings.Join(led, ", "))
	}
	if len(synced) > 0 {
		parts = append(parts, "in sync "+strings.Join(synced, ", "))
	}
	for _, group := range slices.Sorted(maps.Keys(b.Groups)) {
		if a.Groups[group] != b.Groups[group] {
			parts = append(parts, fmt.Sprintf("coordinator of %s %s", group, cmp.Or(b.Groups[group], "nobody")))
		}
	}
	if !slices.Equal(a.Parted, b.Parted) {
		parts = append(parts, "metadata parted on "+list(b.Parted))
	}
	if !slices.Equal(a.Paused, b.Paused) {
		parts = append(parts, "paused themselves: "+list(b.Paused))
	}
	return strings.Join(parts, "; ")
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "+")
}
