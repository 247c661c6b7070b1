package faults

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// A Configurable is a Fault with parameters.
type Configurable interface {
	// Params returns the parameters, each with a pointer to its value in this fault, in the order in which people would write them.
	Params() []Param
	// Check returns what is wrong with the parameters together; nil: nothing.
	Check() error
}

// A Param is one parameter of a fault: a word under which a scenario sets it, and where its value is kept.
type Param struct {
	Name  string
	About string // one line
	// Value is a *time.Duration, *int, *bool, *string, *[]string, *Bytes, *BytesPerSecond, *Share or *Partition. What it holds in a new fault is the default.
	Value  any
	OneOf  []string // the words that a *string may be; none: any text
	Sample string   // of a *string: what an example shows
	Secret bool     // a *string that nobody is to read
}

// Bytes is an amount of data, written with a unit: "10MiB".
type Bytes int64

// BytesPerSecond is how much data passes in a second, written with a unit: "1MiB/s".
type BytesPerSecond int64

// A Share is a part of a whole, from 0 to 1, written in hundredths: "50%".
type Share float64

// A Partition is one partition of the topic by its number, or all of them.
type Partition int32

// AllPartitions is written "all".
const AllPartitions Partition = -1

// String prints the number, or all.
func (p Partition) String() string {
	if p == AllPartitions {
		return "all"
	}
	return strconv.Itoa(int(p))
}

// has reports whether a partition is meant.
func (p Partition) has(number int32) bool { return p == AllPartitions || int32(p) == number }

// partitionParam is the parameter that says which partitions of the topic a fault is for.
func partitionParam(p *Partition) Param {
	return Param{Name: "partition", About: "one partition of the topic, or all", Value: p}
}

// binaryUnits are the units that amounts of data are printed in, the largest first.
var binaryUnits = []struct {
	name  string
	bytes Bytes
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// String prints the amount exactly, in the largest binary unit that divides it.
func (b Bytes) String() string {
	for _, u := range binaryUnits {
		if b != 0 && b%u.bytes == 0 {
			return strconv.FormatInt(int64(b/u.bytes), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10) + "B"
}

// String prints the rate exactly.
func (b BytesPerSecond) String() string { return Bytes(b).String() + "/s" }

// String prints the share in hundredths, as exactly as it was written.
func (s Share) String() string {
	// Moving the point of the decimal text keeps every digit; a multiplication by 100 would not.
	whole, part, _ := strings.Cut(strconv.FormatFloat(float64(s), 'f', -1, 64), ".")
	for len(part) < 2 {
		part += "0"
	}
	text := strings.TrimLeft(whole+part[:2], "0")
	if text == "" {
		text = "0"
	}
	if part[2:] != "" {
		text += "." + part[2:]
	}
	return text + "%"
}

// describe returns a fault's parameters that are set, as people read them.
func describe(f Fault) string {
	c, ok := f.(Configurable)
	if !ok {
		return ""
	}
	var all []string
	for _, p := range c.Params() {
		if text := p.text(); text != "" {
			if p.Secret {
				text = report.Stars
			}
			all = append(all, p.Name+" "+text)
		}
	}
	return strings.Join(all, ", ")
}

// text prints the value; empty: it is zero.
func (p Param) text() string {
	switch v := p.Value.(type) {
	case *time.Duration:
		return unlessZero(*v, report.Human(*v))
	case *int:
		return unlessZero(*v, strconv.Itoa(*v))
	case *bool:
		return unlessZero(*v, "true")
	case *string:
		return *v
	case *[]string:
		return strings.Join(*v, " ")
	case *Bytes:
		return unlessZero(*v, v.String())
	case *BytesPerSecond:
		return unlessZero(*v, v.String())
	case *Share:
		return unlessZero(*v, v.String())
	case *Partition:
		return v.String()
	}
	panic(fmt.Sprintf("parameter %s is a %T, which nobody can read", p.Name, p.Value)) // TestKinds meets it first
}

func unlessZero[T comparable](v T, text string) string {
	var zero T
	if v == zero {
		return ""
	}
	return text
}
