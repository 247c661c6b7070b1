package capacity

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// mostCombinations bounds what is looked at before it is told that it is too much.
const mostCombinations = 10_000

// ParseSweep reads a field of the scenario and the values that it is to have, one after the other: load.size=100B,1KiB. A comma inside brackets or braces is
// part of a value.
func ParseSweep(text string) (Sweep, error) {
	path, list, ok := strings.Cut(text, "=")
	if path = strings.TrimSpace(path); !ok || path == "" {
		return Sweep{}, fmt.Errorf("--sweep %q: write FIELD=VALUE,VALUE, as in load.size=100B,1KiB,10KiB", text)
	}
	s := Sweep{Path: path}
	depth, from := 0, 0
	for i, r := range list + "," {
		switch {
		case r == '[', r == '{':
			depth++
		case r == ']', r == '}':
			depth--
		case r == ',' && depth == 0:
			value := strings.TrimSpace(list[from:i])
			if value == "" || slices.Contains(s.Values, value) {
				return Sweep{}, fmt.Errorf("--sweep %q: value %d is empty, or the same as one before it", text, len(s.Values)+1)
			}
			s.Values, from = append(s.Values, value), i+1
		}
	}
	if depth != 0 {
		return Sweep{}, fmt.Errorf("--sweep %q: a bracket or brace is not closed", text)
	}
	return s, nil
}

// sweeps makes the grid, and reads the scenario of each curve once, so that every mistake is told before anything runs.
func (p *plan) sweeps(o *Options) error {
	p.grid = [][]Setting{nil}
	seen := map[string]bool{}
	for _, s := range o.Settings.Sweeps {
		if seen[s.Path] {
			return fmt.Errorf("--sweep %s is there twice: write all values behind one", s.Path)
		}
		seen[s.Path] = true
		if s.Path == ratePath {
			if err := p.given(o, s); err != nil {
				return err
			}
			continue
		}
		if len(p.grid)*len(s.Values) > mostCombinations {
			return fmt.Errorf("the sweeps have more than %d combinations: sweep over fewer values", mostCombinations)
		}
		var grid [][]Setting
		for _, set := range p.grid {
			for _, value := range s.Values {
				grid = append(grid, append(slices.Clone(set), Setting{s.Path, value}))
			}
		}
		p.grid = grid
	}
	return p.readable(o)
}

// given reads the rates of a sweep over them.
func (p *plan) given(o *Options, s Sweep) error {
	var errs []error
	for _, value := range s.Values {
		at, err := o.Scenario(ratePath + "=" + value)
		if err != nil {
			errs = append(errs, fmt.Errorf("--sweep %s=%s: %w", s.Path, value, err))
			continue
		}
		if at.Load.Shape != nil || at.Load.Rate < 1 {
			errs = append(errs, fmt.Errorf("--sweep %s=%s: give one rate for each value, of 1/s or more", s.Path, value))
			continue
		}
		p.rates = append(p.rates, at.Load.Rate)
	}
	slices.Sort(p.rates)
	return errors.Join(errs...)
}

// readable reads the scenario with each value once: values of different fields are wrong for themselves, save for what only their combination shows when its
// curve begins.
func (p *plan) readable(o *Options) error {
	var errs []error
	for _, s := range o.Settings.Sweeps {
		for _, value := range s.Values {
			if s.Path == ratePath {
				continue
			}
			if _, err := o.Scenario(s.Path + "=" + value); err != nil {
				errs = append(errs, fmt.Errorf("--sweep %s=%s: %w", s.Path, value, err))
			}
		}
	}
	return errors.Join(errs...)
}

// sets are a curve's settings as the scenario is told them.
func sets(of []Setting) []string {
	var all []string
	for _, s := range of {
		all = append(all, s.Path+"="+s.Value)
	}
	return all
}

// curveName names a curve by its state and what is set.
func curveName(state State, of []Setting) string {
	return strings.Join(append([]string{string(state)}, sets(of)...), ", ")
}
