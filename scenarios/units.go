package scenarios

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// duration is a stretch of time, written with a unit.
type duration struct {
	p     *time.Duration
	least time.Duration
	unset bool   // zero is not written: it means that something else decides
	below string // what to say below least; empty: that it must be at least that
}

// longest bounds every duration of a scenario, so that their sums are durations.
const longest = 7 * 24 * time.Hour

func (v duration) read(r *reader, field string, n *yaml.Node) {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		r.note(n, field, "", "wants a duration such as 250ms or 15s, not %s", kindOf(n))
		return
	}
	d, err := time.ParseDuration(n.Value)
	switch {
	case bare.MatchString(n.Value):
		r.note(n, field, "", "%s has no unit; write %ss, or %sms", n.Value, n.Value, n.Value)
	case err != nil:
		r.note(n, field, "", "%s is not a duration; write a number with ms, s, m or h, as in 250ms or 1m30s", quoted(n.Value))
	case d < v.least && v.below != "":
		r.note(n, field, "", "%s", v.below)
	case d < v.least:
		r.note(n, field, "", "%s is too short; write at least %s", n.Value, writeDuration(v.least))
	case d > longest:
		r.note(n, field, "", "%s is longer than a week", n.Value)
	default:
		*v.p = d
	}
}

// bare is a number without a unit.
var bare = regexp.MustCompile(`^[-+]?[0-9]+(\.[0-9]+)?$`)

// parse returns the number that a pattern has matched.
func parse(s string) float64 {
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

func (v duration) write() *yaml.Node {
	if *v.p == 0 && v.unset {
		return nil
	}
	return scalar(writeDuration(*v.p))
}

// writeDuration prints a duration exactly, without the zeros that Go adds to whole minutes and hours.
func writeDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// size is an amount of data in bytes, written with a unit.
type size struct {
	p     *int
	least int
	why   string // why it cannot be less
	most  int    // 0: largest
	unset bool   // zero is not written
}

// largest bounds every size of what is sent, in bytes, and largestNode what a node may have.
const (
	largest     = 1 << 30
	largestNode = 1 << 40
)

var sizeSyntax = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?(B|KiB|KB|kB|MiB|MB|GiB|GB)$`)

var sizeUnits = map[string]float64{"B": 1, "KiB": 1 << 10, "KB": 1e3, "kB": 1e3, "MiB": 1 << 20, "MB": 1e6, "GiB": 1 << 30, "GB": 1e9}

func (v size) read(r *reader, field string, n *yaml.Node) {
	m := sizeSyntax.FindStringSubmatch(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || isNull(n):
		r.note(n, field, "", "wants a size such as 100B or 1KiB, not %s", kindOf(n))
		return
	case bare.MatchString(n.Value):
		r.note(n, field, "", "%s has no unit; write %sB, or %sKiB", n.Value, n.Value, n.Value)
		return
	case m == nil:
		r.note(n, field, "", "%s is not a size; write a number with B, KiB, MiB or GiB, as in 1KiB", quoted(n.Value))
		return
	}
	bytes, most := math.Round(parse(m[1])*sizeUnits[m[2]]), cmp.Or(v.most, largest)
	switch {
	case bytes < float64(v.least):
		r.note(n, field, "", "%s is too small; write at least %s%s", n.Value, writeSize(v.least), v.why)
	case bytes > float64(most):
		r.note(n, field, "", "%s is too large; write at most %s", n.Value, writeSize(most))
	default:
		*v.p = int(bytes)
	}
}

func (v size) write() *yaml.Node {
	if *v.p == 0 && v.unset {
		return nil
	}
	return scalar(writeSize(*v.p))
}

// writeSize prints a size exactly, in the largest binary unit that divides it.
func writeSize(n int) string {
	for _, u := range []string{"GiB", "MiB", "KiB"} {
		if f := int(sizeUnits[u]); n > 0 && n%f == 0 {
			return strconv.Itoa(n/f) + u
		}
	}
	return strconv.Itoa(n) + "B"
}

// rate is messages per second. One that is written in bytes is bytes per second until the size of a message is known.
type rate struct {
	p    *float64
	d    *draft // is told of rates in bytes
	none bool   // may be 0
}

// fastest bounds a rate, in messages or bytes per second.
const fastest = 1e11

var rateSyntax = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?(k|M|B|KiB|KB|kB|MiB|MB|GiB|GB)?/(s|min|h)$`)

func (v rate) read(r *reader, field string, n *yaml.Node) {
	m := rateSyntax.FindStringSubmatch(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || isNull(n):
		r.note(n, field, "", "wants a rate such as 2000/s, not %s", kindOf(n))
		return
	case bare.MatchString(n.Value):
		r.note(n, field, "", "%s has no unit; write %s/s", n.Value, n.Value)
		return
	case strings.HasPrefix(n.Value, "-"):
		r.note(n, field, "", "%s is below zero; write how much is sent, as in 2000/s", n.Value)
		return
	case m == nil:
		r.note(n, field, "", "%s is not a rate; write 2000/s, 5k/s, 120k/min or 50MiB/s", quoted(n.Value))
		return
	}
	perSecond, inBytes := rateIn(m)
	switch {
	case perSecond == 0 && !v.none:
		r.note(n, field, "", "nothing would be sent; write how much, as in 2000/s")
	case perSecond > fastest:
		r.note(n, field, "", "%s is more than any machine can send", n.Value)
	default:
		*v.p = perSecond
		if inBytes {
			v.d.inBytes = append(v.d.inBytes, v.p)
		}
	}
}

// rateIn returns how much of what a rate is in a second, and whether that is bytes, of what rateSyntax found.
func rateIn(m []string) (perSecond float64, inBytes bool) {
	factor := map[string]float64{"": 1, "k": 1e3, "M": 1e6}[m[2]]
	if inBytes = factor == 0; inBytes {
		factor = sizeUnits[m[2]]
	}
	return parse(m[1]) * factor / map[string]float64{"s": 1, "min": 60, "h": 3600}[m[3]], inBytes
}

// ParseRate reads a rate as scenario files have it (2000/s, 5k/s, 120k/min, 50MiB/s) as messages per second, each of so many bytes.
func ParseRate(text string, size float64) (float64, error) {
	m := rateSyntax.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%q is not a rate; write 2000/s, 5k/s, 120k/min or 50MiB/s", text)
	}
	perSecond, inBytes := rateIn(m)
	if inBytes {
		if !(size > 0) {
			return 0, fmt.Errorf("%s is in bytes, and the size of a message is not known; write how many messages, as in 2000/s", text)
		}
		perSecond /= size
	}
	if perSecond == 0 || perSecond > fastest {
		return 0, fmt.Errorf("%s is no rate that anything can be sent at", text)
	}
	return perSecond, nil
}

func (v rate) write() *yaml.Node { return scalar(strconv.FormatFloat(*v.p, 'f', -1, 64) + "/s") }
