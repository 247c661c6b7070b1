package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall/capacity"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// capacityFlags are what `squall capacity` can be told.
type capacityFlags struct {
	set    []string
	expect []string
	sweep  []string
	faults string

	from, to, resolution string
	settle, measure      time.Duration
	confirm, most        int

	target, growth string
	allowed        scenarios.Allowed

	out, resume, format, ui string
	ascii, list             bool
}

func capacityCommand() *cobra.Command {
	var f capacityFlags
	c := &cobra.Command{
		Use:   "capacity SCENARIO",
		Short: "find the highest rate that keeps the scenario's expectations, with one broker down as well",
		Long: "Capacity runs a scenario at one rate after another, all on one cluster, and says which is the highest at which everything that is expected holds: it brackets\n" +
			"it by growing steps, halves the bracket, and has the answer confirmed. A point does not hold where an expectation is missed, less than 99.5 % of what is due\n" +
			"is acknowledged, or the consumers fall behind; where squall itself is at its limit, the answer is \"at least\", and no figure of the cluster.\n" +
			"Where there are three real brokers, the same is searched with one of them down and while it catches up, and it is measured how long recovery takes at 50, 70\n" +
			"and 85 % of what the healthy cluster carries.\n\n" +
			"With --sweep the fields that are named have each of their values; swept over, load.rate is measured as it is given, else it is searched for each of the others.\n" +
			"Each point is a run, and has a folder with its report below that of capacity.json, which is written anew after each, with capacity.html for a browser, capacity.md\n" +
			"and points.csv: --resume goes on where a search ended. --target says what the cluster is to carry one day, and the report how many brokers that takes.\n" +
			"The exit code is 0 where every answer was found, 10 where an expectation was missed at the lowest rate already, 11 where something was lost, and 20 where the\n" +
			"answer is open, as where the generator was the limit.",
		Example: "  squall capacity kafka-leader-kill --expect 'ack.p99 < 100ms'\n  squall capacity mine.yaml --from 1k/s --to 50k/s --faults off\n" +
			"  squall capacity mine.yaml --sweep load.size=100B,1KiB,10KiB --list\n  squall capacity --resume squall-runs/TIME-NAME-ID",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 && f.resume != "" {
				return nil
			}
			return wants(1, 1, oneScenario)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return f.again(c)
			}
			return f.run(c, args[0])
		},
		ValidArgsFunction: completeScenarios,
	}
	f.asked(c)
	c.AddCommand(showCapacityCommand())
	c.Flags().StringVar(&f.out, "out", "", "the folder for the results (default squall-runs/TIME-NAME-ID)")
	c.Flags().StringVar(&f.resume, "resume", "", "go on with the search in this folder that was interrupted")
	addFormat(c, &f.format)
	c.Flags().StringVar(&f.ui, "ui", "auto", aboutUI)
	c.Flags().BoolVar(&f.ascii, "ascii", false, aboutASCII)
	c.Flags().BoolVar(&f.list, "list", false, "only tell what would be measured, and for about how long")
	return c
}

// asked adds the flags that say what is asked, as opposed to where the answer goes.
func (f *capacityFlags) asked(c *cobra.Command) {
	flags := c.Flags()
	flags.StringArrayVar(&f.set, "set", nil, "override a field of the scenario (may be repeated)")
	flags.StringArrayVar(&f.expect, "expect", nil, "expect this too: --expect 'ack.p99 < 100ms' (may be repeated)")
	flags.StringArrayVar(&f.sweep, "sweep", nil, "a field and the values that it is to have: --sweep load.size=100B,1KiB (may be repeated)")
	flags.StringVar(&f.faults, "faults", string(capacity.FaultsAuto), "measure with one broker down too: auto (where there are three real ones or more), on or off")
	flags.StringVar(&f.from, "from", "", "the lowest rate that is tried (default a 64th of the scenario's, which is the first)")
	flags.StringVar(&f.to, "to", "", "the highest rate that is tried (default as far as it goes)")
	flags.StringVar(&f.resolution, "resolution", "3%", "how near the highest rate that holds and the lowest that does not are to each other at the end")
	flags.IntVar(&f.confirm, "confirm", capacity.DefaultConfirm, "how often the answer has to hold again")
	flags.DurationVar(&f.settle, "settle", capacity.DefaultSettling, "load before each measurement, at least; the first on a new cluster has the scenario's warm-up")
	flags.DurationVar(&f.measure, "measure", capacity.DefaultMeasuring, "how long each point is measured")
	addGoal(c, &f.target, &f.growth)
	addAllowed(c, &f.allowed)
	flags.IntVar(&f.most, "max-points", capacity.DefaultMost, "how many points may be asked for")
}

// again goes on with a search as it was asked then.
func (f *capacityFlags) again(c *cobra.Command) error {
	earlier, err := readCapacity(f.resume)
	if err != nil {
		return err
	}
	var then capacityFlags
	asked := &cobra.Command{}
	then.asked(asked)
	if len(earlier.Command) < 3 {
		return fmt.Errorf("%s does not tell how it was asked: give the whole command, and --resume", f.resume)
	}
	if err := asked.ParseFlags(earlier.Command[3:]); err != nil {
		return fmt.Errorf("%s: %w: give the whole command, and --resume", f.resume, err)
	}
	then.resume, then.format, then.ui, then.ascii, then.list = f.resume, f.format, f.ui, f.ascii, f.list
	then.allowed = f.allowed // what was allowed then is not for a file to say
	return then.run(c, earlier.Command[2])
}

// command returns what asks the same again.
func (f *capacityFlags) command(name string) []string {
	args := []string{"squall", "capacity", name}
	for _, set := range f.set {
		args = append(args, "--set", report.HideSetting(set))
	}
	for _, e := range f.expect {
		args = append(args, "--expect", e)
	}
	for _, s := range f.sweep {
		args = append(args, "--sweep", report.HideSetting(s))
	}
	for _, flag := range [][2]string{{"--from", f.from}, {"--to", f.to}, {"--target", f.target}, {"--growth", f.growth}} {
		if flag[1] != "" {
			args = append(args, flag[0], flag[1])
		}
	}
	args = append(args, allowedFlags(f.allowed)...)
	return append(args, "--faults", f.faults, "--resolution", f.resolution, "--confirm", strconv.Itoa(f.confirm), "--settle", f.settle.String(), "--measure", f.measure.String(),
		"--max-points", strconv.Itoa(f.most))
}

// run searches.
func (f *capacityFlags) run(c *cobra.Command, name string) error {
	o, err := f.options(name)
	if err != nil {
		return err
	}
	if f.list {
		plan, err := capacity.Plan(o)
		if err != nil {
			return err
		}
		return tellCapacity(c, plan, f.format, capacity.List)
	}
	look, err := lookFor(c.ErrOrStderr(), f.ui)
	if err != nil {
		return err
	}
	g := &rig{name: name, allowed: f.allowed, progress: newProgress(c.ErrOrStderr(), f.ui)}
	if f.resume != "" {
		if o.Earlier, err = readCapacity(f.resume); err != nil {
			return err
		}
	}
	ctx, stop, release := interrupts(c.Context(), g.progress)
	defer release()
	g.stop = stop
	plan, err := capacity.Plan(o) // so that no folder is made for a question that cannot be asked
	if err != nil {
		return err
	}
	if g.dir, err = f.folder(plan.Scenario); err != nil {
		return err
	}
	o.Run, o.Fresh, o.Keep, o.Code, o.Progress = g.run, g.fresh, g.keep, codeOf, g.progress.step
	if _, forgets := forgetful[g.kind(o)]; forgets {
		o.Ceiling = g.ceiling
	}
	if look != nil {
		look.ascii = f.ascii
	}
	r, err := g.search(ctx, o, look)
	if !g.kept && f.resume == "" {
		_ = os.Remove(g.dir) // fails where a run that came to nothing left something
	}
	if r == nil {
		return err
	}
	return g.end(c, r, f.format, err)
}

// options reads what is asked.
func (f *capacityFlags) options(name string) (o capacity.Options, err error) {
	if err := checkFormat(f.format); err != nil {
		return o, err
	}
	if err := checkUI(f.ui); err != nil {
		return o, err
	}
	o = capacity.Options{Faults: capacity.Faults(f.faults), Expect: f.expect, CPUs: runtime.NumCPU(), Command: f.command(name), Version: version}
	switch o.Faults {
	case capacity.FaultsAuto, capacity.FaultsOn, capacity.FaultsOff:
	default:
		return o, fmt.Errorf("--faults is auto, on or off, not %q", f.faults)
	}
	if o.Scenario, err = reread(name, f.set, f.allowed); err != nil {
		return o, err
	}
	if f.confirm < 0 || f.confirm > 20 {
		return o, fmt.Errorf("--confirm is between 0 and 20, not %d", f.confirm)
	}
	o.Settings = capacity.Settings{Confirm: f.confirm, Settling: f.settle, Measuring: f.measure, Most: f.most}
	if o.Resolution, err = percent(f.resolution); err != nil {
		return o, fmt.Errorf("--resolution: %w", err)
	}
	if err := f.rates(&o); err != nil {
		return o, err
	}
	if o.Goal, err = f.goal(o.Scenario); err != nil {
		return o, err
	}
	for _, text := range f.sweep {
		s, err := capacity.ParseSweep(text)
		if err != nil {
			return o, err
		}
		o.Sweeps = append(o.Sweeps, s)
	}
	return o, nil
}

// rates reads the lowest and the highest rate that are tried.
func (f *capacityFlags) rates(o *capacity.Options) error {
	s, err := o.Scenario()
	if err != nil {
		return err
	}
	for _, rate := range []struct {
		flag, text string
		to         *float64
	}{{"--from", f.from, &o.From}, {"--to", f.to, &o.To}} {
		if rate.text == "" {
			continue
		}
		v, err := scenarios.ParseRate(rate.text, float64(s.Load.Size))
		if err != nil {
			return fmt.Errorf("%s: %w", rate.flag, err)
		}
		if v < 1 {
			return fmt.Errorf("%s: %s is less than 1/s", rate.flag, rate.text)
		}
		*rate.to = v
	}
	return nil
}

func percent(text string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil || !strings.HasSuffix(text, "%") {
		return 0, fmt.Errorf("%q is not a percentage; write it as 5%%", text)
	}
	return v / 100, nil
}

// reread returns what reads a scenario again and again, with more set each time. Standard input is read once.
func reread(name string, set []string, allowed scenarios.Allowed) (func(...string) (*scenarios.Scenario, error), error) {
	from, data, err := opened(name)
	if err != nil {
		return nil, err
	}
	if scenarios.IsSuite(data) {
		return nil, fmt.Errorf("%s is a suite, and no scenario: name one of its scenarios", name)
	}
	return func(more ...string) (*scenarios.Scenario, error) {
		all := append(append([]string{}, set...), more...)
		s, err := scenarios.Parse(from, data, scenarios.Options{Kinds: kinds, Set: all, Files: scenarios.Folder(from)})
		if err == nil {
			s.Allowed = allowed
		}
		return s, err
	}, nil
}

// folder makes the folder for the results, or takes that of the search which goes on.
func (f *capacityFlags) folder(scenario string) (string, error) {
	if f.resume == "" {
		names := []string{reportFile, eventsFile}
		for _, file := range capacity.Files {
			names = append(names, file.Name)
		}
		return newFolder(f.out, scenario+"-capacity", newID(), names...)
	}
	if f.out != "" {
		return "", errors.New("--resume goes on in the folder that it names; leave --out away")
	}
	return f.resume, nil
}

func readCapacity(dir string) (*capacity.Result, error) {
	file, err := os.Open(filepath.Join(dir, capacity.ResultFile))
	if err != nil {
		return nil, fmt.Errorf("%s is not the folder of a search: %w", dir, err)
	}
	defer file.Close()
	r, err := capacity.Read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return r, nil
}

func tellCapacity(c *cobra.Command, r *capacity.Result, format string, text func(io.Writer, *capacity.Result) error) error {
	if format == "json" {
		return capacity.JSON(c.OutOrStdout(), r)
	}
	return text(c.OutOrStdout(), r)
}
