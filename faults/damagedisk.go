package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/broker"
)

var damageDiskKind = Kind{
	Name:      "damage-disk",
	About:     "ends the process and damages files of its disk; it starts with them when the fault is over",
	Target:    Nodes,
	New:       func() Fault { return &DamageDisk{ending: ending{By: byKill, Grace: defaultGrace}} },
	Survives:  survivesLoss,
	Affects:   holdsReplica,
	Exclusive: true,
	Needs:     func(v Victims) error { return needsPower[broker.Disk](v, noDisk) },
	Only:      OnlyContainers,
	Why:       noDisk,
}

// maxFlips bounds the bits that are flipped: each is a line of a script.
const maxFlips = 1000

// DamageDisk ends the victims' processes and does one of four things to the files that match.
type DamageDisk struct {
	Files  string // a pattern of a path in the data directory, or of a file's name where it has no slash
	Flip   int    // so many bits, drawn over all files
	Cut    Bytes  // from the end of each file
	Zero   Bytes  // in each file, from a drawn place
	Remove bool   // each file
	ending
}

// Params are files, what is done to them, and those of an ending.
func (d *DamageDisk) Params() []Param {
	return append([]Param{
		{Name: "files", About: "which files: a pattern such as orders-*/*.log of the path in the data directory, or *.index of the name", Value: &d.Files},
		{Name: "flip", About: "how many bits to flip, drawn over all these files", Value: &d.Flip},
		{Name: "cut", About: "how much to cut from the end of each", Value: &d.Cut},
		{Name: "zero", About: "how much of each to overwrite with zeros, from a drawn place", Value: &d.Zero},
		{Name: "remove", About: "whether to remove them", Value: &d.Remove},
	}, d.ending.Params()...)
}

// Check wants one kind of damage, to some files.
func (d *DamageDisk) Check() error {
	deeds := 0
	for _, asked := range []bool{d.Flip > 0, d.Cut > 0, d.Zero > 0, d.Remove} {
		if asked {
			deeds++
		}
	}
	_, err := path.Match(d.Files, "")
	switch {
	case d.Files == "":
		return errors.New("write which files, as in files: orders-0/*.log")
	case err != nil:
		return fmt.Errorf("files: %q is no pattern; a * stands for any part of a name", d.Files)
	case deeds != 1:
		return errors.New("write one of flip: 8, cut: 100B, zero: 4KiB and remove: true")
	case d.Flip > maxFlips:
		return fmt.Errorf("flip: at most %d bits", maxFlips)
	case d.Zero > 1<<20:
		return errors.New("zero: at most 1MiB")
	}
	return d.ending.Check()
}

// Noticed is as a node that is gone.
func (d *DamageDisk) Noticed() Noticed { return d.noticed() }

// Inject returns when every disk is damaged.
func (d *DamageDisk) Inject(ctx context.Context, v Victims) (Revert, error) {
	var down downed
	if err := down.endAll(ctx, v, d.ending); err != nil {
		return down.start, err
	}
	for _, n := range v.Nodes { // one by one: they draw from one stream of chance
		disk, ok := n.(broker.Disk)
		if !ok {
			return down.start, errors.New(noDisk)
		}
		if err := d.damage(ctx, v, n.Name(), disk); err != nil {
			return down.start, fmt.Errorf("damage the disk of %s: %w", n.Name(), err)
		}
	}
	return down.start, nil
}

func (d *DamageDisk) damage(ctx context.Context, v Victims, name string, disk broker.Disk) error {
	files, err := d.matching(ctx, disk)
	if err != nil {
		return err
	}
	if d.Flip > 0 {
		return flip(ctx, v, name, disk, drawBits(v.Chance, files, d.Flip))
	}
	var edits []broker.Edit
	want := map[string]int64{} // size by path, of those that stay
	for _, f := range files {
		e := broker.Edit{Path: f.Path}
		want[f.Path] = f.Size
		switch {
		case d.Remove:
			e.Remove = true
			delete(want, f.Path)
			v.Witness.Note("%s: %s removed, %d B", name, f.Path, f.Size)
		case d.Cut > 0:
			e.Truncate, e.Size = true, max(0, f.Size-int64(d.Cut))
			want[f.Path] = e.Size
			v.Witness.Note("%s: %s cut from %d to %d B", name, f.Path, f.Size, e.Size)
		default:
			e.Zero = min(int64(d.Zero), f.Size)
			e.At = v.Chance.Int64N(f.Size - e.Zero + 1)
			v.Witness.Note("%s: %s zeroed from byte %d, %d B", name, f.Path, e.At, e.Zero)
		}
		edits = append(edits, e)
	}
	if err := disk.Change(ctx, edits...); err != nil {
		return err
	}
	return d.verify(ctx, disk, want)
}

// matching returns the files that the pattern means, without those that are empty: there is nothing to damage in them.
func (d *DamageDisk) matching(ctx context.Context, disk broker.Disk) ([]broker.File, error) {
	files, err := disk.Files(ctx)
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f broker.File) bool {
		name := f.Path
		if !strings.Contains(d.Files, "/") {
			name = path.Base(f.Path)
		}
		ok, _ := path.Match(d.Files, name)
		return !ok || f.Size == 0 && !d.Remove
	})
	if len(files) == 0 {
		return nil, fmt.Errorf("no file with anything in it matches %s", d.Files)
	}
	return files, nil
}

// verify looks whether the files that match have the size that they should have now.
func (d *DamageDisk) verify(ctx context.Context, disk broker.Disk, want map[string]int64) error {
	left, err := disk.Files(ctx)
	if err != nil {
		return err
	}
	found := 0
	for _, f := range left {
		if size, ok := want[f.Path]; ok && size == f.Size {
			found++
		}
	}
	if found != len(want) {
		return fmt.Errorf("%d of %d files are not as they should be now", len(want)-found, len(want))
	}
	return nil
}

// A place is one bit of a file.
type place struct {
	path string
	at   int64
	bit  int
}

// drawBits draws different bits over all files, each as likely as any other, in the order of files and places.
func drawBits(chance *rand.Rand, files []broker.File, n int) []place {
	all := int64(sizeOf(files))
	drawn := map[int64]bool{}
	for range min(int64(n), 8*all) {
		b := chance.Int64N(8 * all)
		for drawn[b] {
			b = (b + 1) % (8 * all)
		}
		drawn[b] = true
	}
	var places []place
	for b := range drawn {
		rest := b
		for _, f := range files {
			if rest < 8*f.Size {
				places = append(places, place{f.Path, rest / 8, int(rest % 8)})
				break
			}
			rest -= 8 * f.Size
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		if c := strings.Compare(a.path, b.path); c != 0 {
			return c
		}
		return int(min(1, max(-1, 8*(a.at-b.at)+int64(a.bit-b.bit))))
	})
	return places
}

// flip flips bits and looks whether they are flipped.
func flip(ctx context.Context, v Victims, name string, disk broker.Disk, places []place) error {
	before, err := readAt(ctx, disk, places)
	if err != nil {
		return err
	}
	var edits []broker.Edit
	want := map[place]byte{} // by byte
	for i, p := range places {
		whole := place{path: p.path, at: p.at}
		b, again := want[whole]
		if !again {
			b = before[i]
		}
		want[whole] = b ^ 1<<p.bit
		edits = append(edits, broker.Edit{Path: p.path, At: p.at, Data: []byte{want[whole]}})
	}
	if err := disk.Change(ctx, edits...); err != nil {
		return err
	}
	after, err := readAt(ctx, disk, places)
	if err != nil {
		return err
	}
	for i, p := range places {
		if after[i] != want[place{path: p.path, at: p.at}] {
			return fmt.Errorf("byte %d of %s is %#02x after the flip", p.at, p.path, after[i])
		}
		v.Witness.Note("%s: %s bit %d of byte %d flipped: %#02x is %#02x", name, p.path, p.bit, p.at, before[i], after[i])
	}
	return nil
}

// readAt returns the byte at each place; places are in the order of their files, and within a file of their bytes.
func readAt(ctx context.Context, disk broker.Disk, places []place) ([]byte, error) {
	var all []byte
	for len(places) > 0 {
		file := places[0].path
		n := slices.IndexFunc(places, func(p place) bool { return p.path != file })
		if n < 0 {
			n = len(places)
		}
		got, err := readFile(ctx, disk, file, places[:n])
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		all, places = append(all, got...), places[n:]
	}
	return all, nil
}

func readFile(ctx context.Context, disk broker.Disk, file string, places []place) ([]byte, error) {
	r, err := disk.Open(ctx, file)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var all []byte
	b, next := make([]byte, 1), int64(0) // the byte that was read last, and the place of the next
	for _, p := range places {
		if p.at >= next {
			if _, err := io.CopyN(io.Discard, r, p.at-next); err != nil {
				return nil, err
			}
			if _, err := io.ReadFull(r, b); err != nil {
				return nil, err
			}
			next = p.at + 1
		}
		all = append(all, b[0])
	}
	return all, nil
}
