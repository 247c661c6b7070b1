package faults

import "github.com/seed-228c25e4/squall/broker"

var diskAlarmKind = Kind{
	Name:     "disk-alarm",
	About:    "has the node take its disk for full, so that the whole cluster takes nothing from producers until the fault is over; the disk itself stays as it is",
	Target:   Nodes,
	New:      func() Fault { return &Alarm{of: broker.DiskResource} },
	Survives: stalls,
	Affects:  everyPartition,
	LeavesUp: true,
	Needs:    needsAlarmer,
}
