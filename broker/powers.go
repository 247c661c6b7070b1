package broker

import (
	"context"
	"io"
	"time"
)

// What only some nodes can do is found by type assertion, and asked for before the load starts.

// A Logger is a Node that can tell what its process wrote.
type Logger interface {
	// Log returns at most the last n lines that the process wrote since it was started last.
	Log(ctx context.Context, n int) ([]string, error)
}

// A LogKeeper is a Node of which everything is kept that its processes wrote, those that have ended included, as far as the testbed has room for it.
type LogKeeper interface {
	// Logs writes what each of the processes wrote, one after the other, the first first, to what open returns for it. It is counted from 1.
	Logs(ctx context.Context, open func(process int) (io.WriteCloser, error)) error
}

// An Execer is a Node in which a command can be run, beside its process and with that one's user.
type Execer interface {
	// Exec returns what the command wrote to its standard output. A command that ends with an error is one, with what it wrote to its standard error.
	Exec(ctx context.Context, argv ...string) ([]byte, error)
}

// A Process is a Node that can tell whether its process runs, as evidence that a fault took effect.
type Process interface {
	// Running is false for a process that has ended, and true for a paused one.
	Running(context.Context) (bool, error)
}

// A Vital is a Node that can tell more of its process than whether it runs.
type Vital interface {
	// Vitals returns how the process is now, or how it ended.
	Vitals(context.Context) (Vitals, error)
}

// Vitals are what is known of a process from outside.
type Vitals struct {
	Running     bool // as Process says
	Paused      bool // every thread is held
	ExitCode    int  // of a process that has ended: 137 for SIGKILL, 143 for SIGTERM without a handler; -1: not known
	OutOfMemory bool // the kernel ended it, for it wanted more memory than its limit
	// Used is the processor time that the process has had since it started; it stands still while it is paused. -1: not known.
	Used time.Duration
	// Throttled is how long the process was kept waiting because it had used up its share of a processor.
	Throttled time.Duration
	Memory    int64 // bytes in use, without what the kernel could drop at once; 0: not known
}

// A Metered is a Node that can tell at any time, for next to nothing, what the machine gave its process and denied it.
type Metered interface {
	// Meter returns counters that only rise, but begin at 0 again when the process is started anew; while it does not run they are 0. An error says that
	// they cannot be had on this machine.
	Meter(context.Context) (Metering, error)
}

// A Metering is what a node's process came to.
type Metering struct {
	Used      time.Duration // processor time
	Beside    time.Duration // processor time of what the testbed runs beside it for the node
	Throttled time.Duration // its threads were kept waiting because a limit was used up, all together
	OOMKills  uint64        // of its processes, those that the kernel ended for want of memory
	Memory    uint64        // bytes that it uses now; no counter; 0: not known
	Read      uint64        // bytes that were read from disks for it
	Written   uint64        // bytes that it wrote to files on disks
	Received  uint64        // bytes that came in from other machines or containers
	Sent      uint64        // and went out
}

// A Limiter is a Node whose process can be given less of the machine. Limits outlast the process: they bind the next one, too.
type Limiter interface {
	// Limit adds limits and returns the way back, which is never nil and may be called again after an error. Of several limits the lowest is in
	// force, and each way back takes away its own alone. It returns when the limits are in force, with what then is as the machine reports it.
	Limit(context.Context, Limits) (inForce Limits, undo func(context.Context) error, err error)
}

// Limits are what a process may use at most. The zero value limits nothing.
type Limits struct {
	CPU    float64 // processors: 0.25 is a quarter of one; 0: no limit
	Memory int64   // bytes; 0: no limit
}

// A Disk is a Node whose data can be looked at and changed. Files are called by their path in the data directory, with slashes. It is for a node
// whose process does not run: what a running one has open must not change under it.
type Disk interface {
	// Files returns every file, in the order of their paths.
	Files(context.Context) ([]File, error)
	// Open reads a file from its beginning.
	Open(ctx context.Context, path string) (io.ReadCloser, error)
	// Change carries out the edits in their order. After an error, some may have been carried out.
	Change(context.Context, ...Edit) error
}

// A Filler is a Node whose data may have a disk of its own, which can be filled up.
type Filler interface {
	// DiskSize is how large the disk is, in bytes; 0: the node has none of its own, and cannot be filled.
	DiskSize() int64
	// Fill takes what is free on the disk but for leave bytes. It returns how much was free before and after, and the way back, which is never nil, may be
	// called again after an error, and works whether the process runs or not.
	Fill(ctx context.Context, leave int64) (before, after int64, undo func(context.Context) error, err error)
}

// A File is one of a node's files.
type File struct {
	Path string
	Size int64 // bytes
}

// An Edit changes one file: exactly one of its deeds is done.
type Edit struct {
	Path string // for Remove it may also be a directory; "." is everything
	// Remove takes the file away, or the directory with all that is in it.
	Remove bool
	// Truncate cuts the file to Size bytes.
	Truncate bool
	Size     int64
	// Data replaces as many bytes at At; Zero writes so many zeros there. The file does not grow.
	At   int64
	Data []byte
	Zero int64
}

// A PowerLoss is a Driver that knows what of a node's data a machine without power loses: what the broker had written, and not yet flushed.
type PowerLoss interface {
	// PowerLoss asks, while the cluster still serves, what decides about that. What it returns takes from the disk of a node that was killed
	// everything that is not surely on it, and tells what it took, a line each.
	PowerLoss(context.Context) (cut func(context.Context, Disk) ([]string, error), err error)
}
