package loadgen

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Trace is arrivals as they were recorded, counted from the start of the load and in order. It ends with the last one.
type Trace []time.Duration

// Due implements Pacer.
func (t Trace) Due(n uint64) (time.Duration, bool) {
	if n >= uint64(len(t)) {
		return never, false
	}
	return t[n], true
}

// Count implements Curve.
func (t Trace) Count(at time.Duration) float64 {
	i, _ := slices.BinarySearch(t, at)
	return float64(i)
}

// Last returns when the last message is due; 0: there is none.
func (t Trace) Last() time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[len(t)-1]
}

// latestArrival bounds the times of a trace.
const latestArrival = 7 * 24 * time.Hour

// ParseTrace reads a CSV whose first column holds times from the start of the load on, in ascending order: seconds, as in 12.25, or durations with
// their unit, as in 850ms. The first line may be a heading; empty lines and lines that begin with # are left out. The error names the line.
func ParseTrace(data []byte) (Trace, error) {
	trace := make(Trace, 0, bytes.Count(data, []byte("\n"))+1)
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	heading := true // may still come
	for line := 1; len(data) > 0; line++ {
		var row []byte
		row, data, _ = bytes.Cut(data, []byte("\n"))
		cell, _, _ := bytes.Cut(bytes.TrimSpace(row), []byte(","))
		text := string(bytes.Trim(bytes.TrimSpace(cell), `"`))
		if text == "" || text[0] == '#' {
			continue
		}
		at, err := arrival(text)
		switch {
		case err != nil && heading:
			heading = false
			continue
		case err != nil:
			return nil, fmt.Errorf("line %d: %.40q is no time; write seconds, as in 12.25, or a duration, as in 850ms", line, text)
		case at < 0:
			return nil, fmt.Errorf("line %d: %.40s is before the start of the load", line, text)
		case at > latestArrival:
			return nil, fmt.Errorf("line %d: %.40s is later than a week; times count from the start of the load", line, text)
		case at < trace.Last():
			return nil, fmt.Errorf("line %d: %.40s comes before the line above it; sort the times", line, text)
		}
		heading = false
		trace = append(trace, at)
	}
	if len(trace) == 0 {
		return nil, errors.New("there is no time in it; write one a line, in seconds")
	}
	return slices.Clip(trace), nil
}

// arrival reads one time of a trace.
func arrival(text string) (time.Duration, error) {
	if last := text[len(text)-1]; last >= '0' && last <= '9' || last == '.' {
		seconds, err := strconv.ParseFloat(text, 64)
		if !(seconds > -1e9) {
			return -1, err
		}
		return after(seconds), err
	}
	return time.ParseDuration(text)
}
