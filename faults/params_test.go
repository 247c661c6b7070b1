package faults

import (
	"testing"
	"time"
)

// all is a fault with a parameter of each type.
type all struct {
	Fault
	Duration time.Duration
	Int      int
	Bool     bool
	Text     string
	List     []string
	Bytes    Bytes
	Rate     BytesPerSecond
	Share    Share
	Part     Partition
}

func (a *all) Check() error { return nil }
func (a *all) Params() []Param {
	return []Param{
		{Name: "after", Value: &a.Duration}, {Name: "times", Value: &a.Int}, {Name: "hard", Value: &a.Bool}, {Name: "to", Value: &a.Text},
		{Name: "files", Value: &a.List}, {Name: "size", Value: &a.Bytes}, {Name: "rate", Value: &a.Rate}, {Name: "share", Value: &a.Share}, partitionParam(&a.Part),
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	if got := describe(&all{}); got != "partition 0" {
		t.Errorf("nothing is set, and it prints %q", got)
	}
	full := all{Duration: 1500 * time.Millisecond, Int: 3, Bool: true, Text: "b2", List: []string{"a", "b"}, Bytes: 10 << 20, Rate: 1000, Share: 0.285, Part: AllPartitions}
	if got, want := describe(&full), "after 1.5s, times 3, hard true, to b2, files a b, size 10MiB, rate 1000B/s, share 28.5%, partition all"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestUnits(t *testing.T) {
	t.Parallel()
	for b, want := range map[Bytes]string{0: "0B", 1: "1B", 1023: "1023B", 1024: "1KiB", 1536: "1536B", 3 << 30: "3GiB", 1 << 45: "32TiB"} {
		if got := b.String(); got != want {
			t.Errorf("%d prints as %s, want %s", int64(b), got, want)
		}
	}
	for s, want := range map[Share]string{0: "0%", 1: "100%", 0.5: "50%", 0.07: "7%", 0.001: "0.1%", 0.29: "29%"} {
		if got := s.String(); got != want {
			t.Errorf("%v prints as %s, want %s", float64(s), got, want)
		}
	}
}
