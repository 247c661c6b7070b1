package rabbitmq

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-228c25e4/squall/broker"
)

var _ broker.Alarmer = (*driver)(nil)

// A limit decides when a node takes a resource for short.
type limit struct {
	name   string // of the setting
	get    string // the expression for what it is
	set    string // what sets it
	beyond string // a value that whatever the node has is beyond
}

var limits = map[broker.Resource]limit{
	broker.MemoryResource: {"vm_memory_high_watermark", "vm_memory_monitor:get_vm_memory_high_watermark()", "vm_memory_monitor:set_vm_memory_high_watermark", "0"},
	broker.DiskResource:   {"disk_free_limit", "rabbit_disk_monitor:get_disk_free_limit()", "rabbit_disk_monitor:set_disk_free_limit", "1152921504606846976"}, // 1 EiB
}

// alarmsHere is the expression for what a node itself is short of, behind a dot.
const alarmsHere = `lists:flatten(["." | [[" ", atom_to_list(R)] || {{resource_limit, R, N}, _} <- rabbit_alarm:get_local_alarms(2000), N =:= node()]]).`

// Alarms implements broker.Alarmer.
func (d *driver) Alarms(ctx context.Context, node string) (all []broker.Resource, _ error) {
	w, err := d.witness(node)
	if err != nil {
		return nil, err
	}
	told, err := w.evaluate(ctx, alarmsHere)
	if err != nil {
		return nil, err
	}
	for _, name := range strings.Fields(strings.TrimPrefix(told, ".")) {
		all = append(all, broker.Resource(name))
	}
	return all, nil
}

// Alarm implements broker.Alarmer. A node that is started again has its own limit.
func (d *driver) Alarm(ctx context.Context, node string, of broker.Resource) (told string, undo func(context.Context) error, err error) {
	nothing := func(context.Context) error { return nil }
	l, known := limits[of]
	if !known {
		return "", nothing, fmt.Errorf("a node has no limit of %s", of)
	}
	w, err := d.witness(node)
	if err != nil {
		return "", nothing, err
	}
	was, err := w.evaluate(ctx, `lists:flatten(io_lib:format("~0p", [`+l.get+`])).`)
	if err != nil {
		return "", nothing, fmt.Errorf("ask for %s: %w", l.name, err)
	}
	undo = func(ctx context.Context) error {
		if err := w.order(ctx, l.set+"("+was+")"); err != nil {
			return fmt.Errorf("set %s to %s again: %w", l.name, was, err)
		}
		return nil
	}
	if err := w.order(ctx, l.set+"("+l.beyond+")"); err != nil {
		return "", undo, fmt.Errorf("set %s to %s: %w", l.name, l.beyond, err)
	}
	return fmt.Sprintf("%s %s, which was %s", l.name, l.beyond, was), undo, nil
}
