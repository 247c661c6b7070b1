package faults

import "github.com/seed-228c25e4/squall/broker"

var memoryAlarmKind = Kind{
	Name:     "memory-alarm",
	About:    "has the node take its memory for used up, so that the whole cluster takes nothing from producers until the fault is over; the memory itself stays",
	Target:   Nodes,
	New:      func() Fault { return &Alarm{of: broker.MemoryResource} },
	Survives: stalls,
	Affects:  everyPartition,
	LeavesUp: true,
	Needs:    needsAlarmer,
}
