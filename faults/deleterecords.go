package faults

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/report"
)

var deleteRecordsKind = Kind{
	Name:      "delete-records",
	About:     "deletes the oldest messages of the topic, read or not; nothing takes it back. What nobody was given counts as expired, never as lost",
	Target:    Nowhere,
	New:       func() Fault { return &DeleteRecords{Partition: AllPartitions, Oldest: 0.5} },
	Survives:  anyTime,
	Affects:   everyPartition,
	LeavesUp:  true,
	Needs:     needsDeleter,
	Elsewhere: OwnReach,
}

// DeleteRecords has messages deleted.
type DeleteRecords struct {
	Partition Partition
	Oldest    Share // of what each partition stores
}

// Params are the partition and the share.
func (d *DeleteRecords) Params() []Param {
	return []Param{
		partitionParam(&d.Partition),
		{Name: "oldest", About: "how much of what each partition stores is deleted, the oldest first", Value: &d.Oldest},
	}
}

// Check wants something to delete.
func (d *DeleteRecords) Check() error {
	if d.Oldest <= 0 {
		return errors.New("nothing is deleted; write how much, as in oldest: 50%")
	}
	return nil
}

func needsDeleter(v Victims) error {
	_, deletes := v.Driver.(broker.Deleter)
	if _, ends := v.Driver.(broker.Ends); !deletes || !ends {
		return errors.New("this kind of broker deletes nothing on demand")
	}
	return nil
}

// readWithin bounds how long what is to be deleted may be read before; the rest of the time is for the deed.
const readWithin = ActWithin * 3 / 4

// read has what is to be deleted read. Where there is too much of it, the error says what to do.
func read(ctx context.Context, v Victims, stretches map[int32]broker.Range) error {
	if v.Removing == nil {
		return nil
	}
	reading, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	err := v.Removing(reading, stretches)
	if err == nil || ctx.Err() != nil || reading.Err() == nil {
		return err
	}
	var all uint64
	for _, s := range stretches {
		all += uint64(s.End - s.Start)
	}
	return fmt.Errorf("what is deleted is read before, and the %s oldest offsets of %s could not be read within %s: %w; delete less at a time, by a lower oldest or one "+
		"partition after the other", report.Thousands(all), v.Topic, report.Human(readWithin), err)
}

// Inject returns when the cluster shows that each log begins later.
func (d *DeleteRecords) Inject(ctx context.Context, v Victims) (Revert, error) {
	logs, err := v.Driver.(broker.Ends).Ends(ctx, v.Topic)
	if err != nil {
		return nothing, err
	}
	which, err := partitionsOf(ctx, v, d.Partition)
	if err != nil {
		return nothing, err
	}
	below, stretches := map[int32]int64{}, map[int32]broker.Range{}
	for p := range which {
		if n := int64(float64(logs[p].End-logs[p].Start) * float64(d.Oldest)); n > 0 {
			below[p] = logs[p].Start + n
			stretches[p] = broker.Range{Start: logs[p].Start, End: below[p]}
		}
	}
	if len(below) == 0 {
		return nothing, fmt.Errorf("%s holds nothing that could be deleted", v.Topic)
	}
	if err := read(ctx, v, stretches); err != nil {
		return nothing, fmt.Errorf("nothing was deleted: %w", err)
	}
	if err := v.Driver.(broker.Deleter).DeleteRecords(ctx, v.Topic, below); err != nil {
		return nothing, err
	}
	return nothing, shown(ctx, func(ctx context.Context) error {
		now, err := v.Driver.(broker.Ends).Ends(ctx, v.Topic)
		if err != nil {
			return err
		}
		for p, at := range below {
			if now[p].Start < at {
				return fmt.Errorf("%s/%d begins at offset %d, and was to begin at %d", v.Topic, p, now[p].Start, at)
			}
		}
		v.Witness.Effective(time.Now())
		for _, p := range slices.Sorted(maps.Keys(below)) {
			v.Witness.Note("%s/%d: offsets %d to %d are deleted, of %d to %d", v.Topic, p, logs[p].Start, below[p]-1, logs[p].Start, logs[p].End-1)
		}
		return nil
	})
}
