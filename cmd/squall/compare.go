package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/compare"
	"github.com/seed-228c25e4/squall/report/formats"
)

// compareFlags are what `squall report compare` can be told.
type compareFlags struct {
	across   []string
	minShare string
	minTime  time.Duration
	failOn   string
	format   string
}

const compareExample = "  squall report compare monday/* -- tuesday/*\n" +
	"  squall report compare monday/* -- tuesday/* -- rerun/*        the last are to confirm what looks worse\n" +
	"  squall report compare --across broker kafka-4.1/ -- kafka-4.3/\n" +
	"  squall report compare --fail-on worse squall-baseline -- out/ -- again/"

func compareCommand() *cobra.Command {
	var f compareFlags
	c := &cobra.Command{
		Use:   "compare BASE... -- NEW... [-- FRESH...]",
		Short: "hold runs against earlier ones, with statistics that respect noise",
		Long: "Compare says of each figure whether the new runs are worse than the earlier ones, better, have not changed by what matters, or whether nobody can tell and\n" +
			"about how many more runs would. A run is one number of each figure, so that several are wanted on both sides: ten or more before, and five or so new ones.\n\n" +
			"Each of BASE, NEW and FRESH is the folder of a run, a folder with such folders somewhere in it, or a history as `squall run --baseline` keeps one.\n" +
			"Worse is what differs by more than the limits, is no chance in view of all that is compared, and shows in FRESH runs too, made because NEW looked worse.\n" +
			"Only passing runs that nobody touched are held against, of the same scenario, broker and kind of machine; what is left out is told.\n\n" +
			"The exit code is 0 whatever comes of it, unless --fail-on worse is given: then it is 10 where something is worse. With FRESH runs that is what they confirmed;\n" +
			"where none were given, what looks worse fails too, though nothing has confirmed it.",
		Example: compareExample,
		RunE: func(c *cobra.Command, args []string) error {
			sides, err := splitSides(args, c.ArgsLenAtDash())
			if err != nil {
				return fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())
			}
			return compareSides(c, sides, f)
		},
	}
	defaults := compare.Defaults()
	c.Flags().StringSliceVar(&f.across, "across", nil, "compare although the sides differ in this: scenario, broker or machine (may be repeated)")
	c.Flags().StringVar(&f.minShare, "min-share", fmt.Sprintf("%g%%", 100*defaults.MinShare), "the least difference that matters, as a share of the earlier runs' median")
	c.Flags().DurationVar(&f.minTime, "min-time", defaults.MinTime, "the least difference that matters, of durations")
	c.Flags().StringVar(&f.failOn, "fail-on", "", "end with exit code 10 if anything is this: worse; without FRESH runs unconfirmed too")
	addFormat(c, &f.format)
	return c
}

// splitSides splits the arguments at each "--", the first of which the command line's parser took out.
func splitSides(args []string, dash int) (sides [3][]string, err error) {
	if dash < 0 {
		return sides, errors.New("`squall report compare` wants the earlier runs, --, and the new ones")
	}
	sides[0] = args[:dash]
	at := 1
	for _, arg := range args[dash:] {
		switch {
		case arg == "--":
			if at++; at == len(sides) {
				return sides, errors.New("`squall report compare` knows no fourth side")
			}
		case strings.HasPrefix(arg, "-"):
			return sides, fmt.Errorf("%s stands behind a --, where only folders are: flags go before the first", arg)
		default:
			sides[at] = append(sides[at], arg)
		}
	}
	if len(sides[0]) == 0 || len(sides[1]) == 0 {
		return sides, errors.New("`squall report compare` wants the earlier runs, --, and the new ones, at least one of each")
	}
	return sides, nil
}

// limits are what a difference has to pass.
func (f compareFlags) limits() (report.ComparisonLimits, error) {
	limits := compare.Defaults()
	number, percent := strings.CutSuffix(f.minShare, "%")
	share, err := strconv.ParseFloat(number, 64)
	if percent {
		share /= 100
	}
	switch {
	case err == nil && !percent && share > 1:
		return limits, fmt.Errorf("--min-share %s is %g %%: write %[1]s%%, or a share such as 0.2", f.minShare, 100*share)
	case err != nil || !(share >= 0): // not a number, too
		return limits, fmt.Errorf("--min-share is a share such as 20%%, not %q", f.minShare)
	case f.minTime < 0:
		return limits, fmt.Errorf("--min-time is not below 0, as %s is", f.minTime)
	case f.failOn != "" && f.failOn != string(report.Worse):
		return limits, fmt.Errorf("--fail-on is worse, not %q", f.failOn)
	}
	for _, a := range f.across {
		if !slices.Contains(compare.Aspects, compare.Aspect(a)) {
			return limits, fmt.Errorf("--across is scenario, broker or machine, not %q", a)
		}
	}
	limits.MinShare, limits.MinTime = share, f.minTime
	return limits, nil
}

func compareSides(c *cobra.Command, sides [3][]string, f compareFlags) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	limits, err := f.limits()
	if err != nil {
		return err
	}
	runs, err := readSides(c.ErrOrStderr(), sides)
	if err != nil {
		return err
	}
	result := compare.Compare(f.sets(strings.Join(sides[0], " "), runs), limits)
	if len(result.Against) > 0 && !slices.Contains(f.across, string(compare.AspectScenario)) {
		first := &result.Against[0]
		first.Notes = append(first.Notes, strays(runs)...)
	}
	fails := f.failOn != "" && worse(result, len(runs[2]) > 0)
	if f.format == "json" {
		err = json.NewEncoder(c.OutOrStdout()).Encode(result)
	} else {
		err = formats.Comparison(c.OutOrStdout(), result)
	}
	switch {
	case err != nil:
		return internalError{err}
	case fails:
		return verdictError{report.ExitMissed}
	}
	return nil
}

// readSides reads the runs of each side, and tells which files of them are damaged.
func readSides(stderr io.Writer, sides [3][]string) (runs [3][]compare.Run, err error) {
	for i, paths := range sides {
		for _, path := range paths {
			found, damaged, err := runsIn(path)
			if err != nil {
				return runs, err
			}
			for _, d := range damaged {
				fmt.Fprintln(stderr, d)
			}
			runs[i] = append(runs[i], found...)
		}
	}
	return runs, nil
}

// worse reports whether --fail-on worse makes this a failure. What looks worse, and no fresh run of its scenario could confirm, is one: a gate that only fresh runs
// close would stand open where none are made. The sentence says so.
func worse(c *report.Comparison, fresh bool) bool {
	open := slices.ContainsFunc(c.Against, func(a report.Against) bool {
		return a.Fresh == 0 && slices.ContainsFunc(a.Figures, func(f report.ComparedFigure) bool { return f.Outcome == report.Unconfirmed })
	})
	switch {
	case open && fresh:
		c.Sentence += "; worse, not confirmed: no fresh run can be compared"
	case open:
		c.Sentence += "; worse, not confirmed: no fresh runs were given"
	}
	return open || c.Outcome == report.Worse
}

// strays tells which runs were left out because no new run is of their scenario.
func strays(runs [3][]compare.Run) (notes []string) {
	for i, side := range []string{0: "earlier", 2: "fresh"} {
		var names []string
		of := map[string][]compare.Run{}
		for _, r := range runs[i] {
			s := r.Scenario
			if slices.ContainsFunc(runs[1], func(o compare.Run) bool { return o.Scenario == s }) {
				continue
			}
			if of[s] == nil {
				names = append(names, s)
			}
			of[s] = append(of[s], r)
		}
		for _, s := range names {
			which := fmt.Sprintf("%s run %s", side, &of[s][0])
			if n := len(of[s]); n > 1 {
				which = fmt.Sprintf("%d %s runs, as %s", n, side, &of[s][0])
			}
			notes = append(notes, fmt.Sprintf("Left out: %s: the scenario is %s, and no new run is of it.", which, s))
		}
	}
	return notes
}

// sets puts the runs of each scenario together, in the order of the new ones; across scenarios all of them.
func (f compareFlags) sets(name string, runs [3][]compare.Run) (sets []compare.Set) {
	var across []compare.Aspect
	for _, a := range f.across {
		across = append(across, compare.Aspect(a))
	}
	if slices.Contains(across, compare.AspectScenario) {
		return []compare.Set{{Name: name, Base: runs[0], New: runs[1], Fresh: runs[2], Across: across}}
	}
	of := func(side int, scenario string) (some []compare.Run) {
		for _, r := range runs[side] {
			if r.Scenario == scenario {
				some = append(some, r)
			}
		}
		return some
	}
	var known []string
	for _, r := range runs[1] {
		if s := r.Scenario; !slices.Contains(known, s) {
			known = append(known, s)
			sets = append(sets, compare.Set{Name: name, Base: of(0, s), New: of(1, s), Fresh: of(2, s), Across: across})
		}
	}
	return sets
}

// runsIn returns the runs of a folder: its own, those of the folders in it, or those of a history; and a sentence for each file of a history that was left out.
func runsIn(path string) (runs []compare.Run, damaged []string, err error) {
	files, err := resultsIn(path)
	if err != nil {
		return nil, nil, err
	}
	for _, file := range files {
		r, err := open(file)
		if err != nil {
			return nil, nil, fmt.Errorf("read %s: %w%s", file, err, elsewhere(file))
		}
		runs = append(runs, compare.Of(r))
	}
	if len(files) > 0 {
		return runs, nil, nil
	}
	folders := []string{path}
	h := compare.History{Dir: path}
	scenarios, err := h.Scenarios()
	if err != nil {
		return nil, nil, err
	}
	for _, s := range scenarios {
		folders = append(folders, filepath.Join(path, s))
	}
	for _, folder := range folders {
		found, bad, err := compare.ReadRuns(folder)
		if err != nil {
			return nil, nil, err
		}
		runs, damaged = append(runs, found...), append(damaged, bad...)
	}
	if len(runs) == 0 && len(damaged) == 0 {
		return nil, nil, fmt.Errorf("%s holds no results of a run, and no folder in it does", path)
	}
	return runs, damaged, nil
}

// resultsIn returns the results of runs, the best of each run's folder, in a folder and below.
func resultsIn(path string) (files []string, err error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		file, err := resultOf(path)
		return []string{file}, err
	}
	err = filepath.WalkDir(path, func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		for _, name := range []string{reportFile, eventsFile} {
			file := filepath.Join(dir, name)
			if _, err := os.Stat(file); err == nil {
				files = append(files, file)
				break
			}
		}
		return nil
	})
	return files, err
}
