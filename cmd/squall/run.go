package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/host"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/report/formats"
	"github.com/seed-228c25e4/squall/scenarios"
)

// runFlags are what `squall run` can be told.
type runFlags struct {
	set    []string
	seed   uint64
	out    string
	format string
	ui     string

	baseline  string
	metrics   string
	calibrate bool
	ascii     bool
	readonly  bool
	allowed   scenarios.Allowed
}

func runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [SCENARIO]",
		Short: "run a scenario, a file or one of the library, and judge what happened",
		Long: "Run starts the scenario's cluster, loads it, breaks it, and says what was lost and how long recovery took.\n\n" +
			"The result goes to standard output, progress to standard error, and report.json and events.ndjson to a folder of their own.\n" +
			"SCENARIO is a file, a name of the library, or - for standard input. On a terminal the run is shown as it goes, and can be broken by hand; ? there tells the keys. Without a scenario, one of the library can be picked.\n" +
			"Ctrl-C ends the plan: faults are reverted, the log is read, and the report is written. Twice: at once.",
		Example: "  squall run quickstart\n  squall run kafka-leader-kill --set load.rate=5k/s -o json\n  squall show quickstart | squall run -",
		Args:    wants(0, 1, oneScenario),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				name, err := pick(c, f)
				if name == "" || err != nil {
					return err
				}
				args = []string{name}
			}
			if !c.Flags().Changed("seed") {
				return run(c, args[0], f, nil)
			}
			return run(c, args[0], f, &f.seed)
		},
		ValidArgsFunction: completeScenarios,
	}
	c.Flags().StringArrayVar(&f.set, "set", nil, "override a field of the scenario: --set load.rate=5k/s (may be repeated)")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "override the scenario's seed")
	c.Flags().StringVar(&f.out, "out", "", "the folder for the results (default squall-runs/TIME-NAME-ID)")
	c.Flags().StringVar(&f.baseline, "baseline", "", "the folder of a history: hold the run against the runs in it, and add it to them if it passes")
	c.Flags().StringVar(&f.metrics, "metrics", "", "answer Prometheus at this address while the run goes on: --metrics 127.0.0.1:9464")
	addFormat(c, &f.format)
	c.Flags().StringVar(&f.ui, "ui", "auto", aboutUI)
	c.Flags().BoolVar(&f.ascii, "ascii", false, aboutASCII)
	c.Flags().BoolVar(&f.readonly, "readonly", false, "let nobody change the run from the terminal")
	addAllowed(c, &f.allowed)
	c.Flags().BoolVar(&f.calibrate, "calibrate", false, "find first how much this machine's generator can send, and tell the headroom")
	return c
}

// lookFor returns how the run is shown; nil: in lines.
func (f *runFlags) lookFor(w io.Writer) (*look, error) {
	l, err := lookFor(w, f.ui)
	if l != nil {
		l.ascii, l.readonly = f.ascii, f.readonly
	}
	return l, err
}

func run(c *cobra.Command, name string, f runFlags, seed *uint64) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	if err := checkUI(f.ui); err != nil {
		return err
	}
	if err := checkHistory(f.baseline); err != nil {
		return err
	}
	look, err := f.lookFor(c.ErrOrStderr())
	if err != nil {
		return err
	}
	s, err := load(name, f.set, seed)
	if err != nil {
		return err
	}
	s.Allowed = f.allowed
	progress := newProgress(c.ErrOrStderr(), f.ui)
	ctx, stop, release := interrupts(c.Context(), progress)
	defer release()
	watched, err := serveMetrics(f.metrics, progress)
	if err != nil {
		return err
	}
	defer watched.close(progress)
	id := newID()
	dir, err := newOutput(f.out, s.Name, id)
	if err != nil {
		return err
	}
	a := attempt{s: s, watchers: watched.observers(), dir: dir, id: id, command: command(name, f, s), calibrate: f.calibrate, baseline: f.baseline, limits: report.DefaultLimits(), progress: progress, look: look, stop: stop}
	r, err := a.run(ctx)
	if r == nil {
		return errors.Join(err, dir.removeIfEmpty())
	}
	return conclude(c, r.Verdict.ExitCode, errors.Join(err, tell(c.OutOrStdout(), r, f.format)))
}

// An attempt is one run of a scenario, with all that it needs of the one who asked for it.
type attempt struct {
	s         *scenarios.Scenario
	dir       *output
	id        string
	command   []string // what repeats it
	calibrate bool
	baseline  string // the folder of the history that it is held against; empty: none
	limits    report.ComparisonLimits
	leaves    bool // the history is left as it is: it is for the suite to say what joins it, and what could not be read
	progress  *plain
	watchers  []squall.Observer
	look      *look  // nil: it is told in lines
	stop      func() // as Ctrl-C does
	// after is called when the run is over and its cluster is still there; nil: nothing is to be done then.
	after func(context.Context, broker.Driver)
}

// run makes the testbed, runs the scenario on it, writes the report, and removes the testbed, however the run ends.
func (a *attempt) run(ctx context.Context) (_ *report.Report, err error) {
	defer func() { err = a.hide(err) }()
	s, p := a.s, a.progress
	var headroom *report.Calibration
	if a.calibrate { // before there is a cluster that it would share the machine with
		p.step("calibrating: what this machine can send to a broker that forgets it")
		if headroom, err = calibrate(ctx, s); err != nil {
			return nil, runError(ctx, err)
		}
		p.step("calibrated: %s", headroom)
	}
	p.step("starting %s: %s on %s, %s", s.Name, s.Broker.Kind, strings.Join(s.NodeNames(), " "), s.Broker.Run)
	cluster, err := start(ctx, s, a.id, p)
	if err != nil {
		return nil, runError(ctx, err)
	}
	defer func() { err = errors.Join(err, remove(ctx, cluster)) }()
	return a.on(ctx, cluster, headroom)
}

// remove removes a cluster, however the run ended.
func remove(ctx context.Context, cluster broker.Cluster) error {
	if err := cluster.Close(context.WithoutCancel(ctx)); err != nil {
		return internalError{fmt.Errorf("remove the cluster: %w; `squall clean` removes what is left", err)}
	}
	return nil
}

// on runs the scenario on a cluster that runs, and writes the report.
func (a *attempt) on(ctx context.Context, cluster broker.Cluster, headroom *report.Calibration) (_ *report.Report, err error) {
	s, clock := a.s, broker.NewClock()
	a.dir.mend = mending(s)
	number, _ := strconv.ParseUint(a.id, 16, 64) // newID made it
	driver, err := drivers[s.Broker.Kind](cluster, s.Settings(), clock, number)
	if err != nil {
		return nil, runError(ctx, err)
	}
	defer func() { err = errors.Join(err, driver.Close()) }()
	machine := host.Local()
	bed := squall.Testbed{Host: &machine, Kind: kinds[s.Broker.Kind], Cluster: cluster, Driver: driver, Clock: clock, RunID: a.id, Run: number,
		Version: version, Command: a.command, Events: a.dir.events, Todo: a.dir, Calibration: headroom, Stop: a.stop, Save: a.dir.save}
	r, err := a.watched(ctx, bed)
	a.progress.wipe()
	if r == nil {
		return nil, runError(ctx, err)
	}
	a.keepLogs(ctx, cluster, r)
	if a.after != nil {
		a.after(ctx, driver)
	}
	return r, errors.Join(err, a.write(r))
}

// watched runs the scenario, and shows it where somebody looks.
func (a *attempt) watched(ctx context.Context, bed squall.Testbed) (r *report.Report, err error) {
	if a.look == nil {
		return squall.Run(ctx, a.s, bed, append(a.watchers, a.progress)...)
	}
	v := a.look.show(a.progress, a.stop)
	defer func() {
		if e := v.finish(r, err); e != nil {
			a.progress.step("the view ended: %v", e)
		}
	}()
	return squall.Run(ctx, a.s, bed, append(a.watchers, a.progress, a.look.observer(v))...)
}

// calibrate finds how much the scenario's generator can send.
func calibrate(ctx context.Context, s *scenarios.Scenario) (_ *report.Calibration, err error) {
	forgets, ok := forgetful[s.Broker.Kind]
	if !ok {
		return nil, fmt.Errorf("--calibrate needs a broker that forgets what it is told, and there is none of kind %s: leave it out", s.Broker.Kind)
	}
	cluster, err := forgets()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cluster.Close(context.WithoutCancel(ctx))) }()
	clock := broker.NewClock()
	settings := s.Settings()
	settings.Nodes = 1
	driver, err := drivers[s.Broker.Kind](cluster, settings, clock, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, driver.Close()) }()
	return squall.Calibrate(ctx, s, squall.Testbed{Cluster: cluster, Driver: driver, Clock: clock})
}

// hide returns an error that tells none of the scenario's secrets: what brokers write when they do not start is part of some.
func (a *attempt) hide(err error) error {
	if err == nil {
		return nil
	}
	if text := a.s.Secrets().Hide(err.Error()); text != err.Error() {
		return hiddenError{err, text}
	}
	return err
}

// A hiddenError is an error that has secrets in its text, and another text to be told.
type hiddenError struct {
	error
	told string
}

func (e hiddenError) Error() string { return e.told }
func (e hiddenError) Unwrap() error { return e.error }

// runError is the error of a run that has no report: interrupted before it measured anything, or failed.
func runError(ctx context.Context, err error) error {
	var stopped squall.Stopped
	if errors.As(context.Cause(ctx), &stopped) {
		return stoppedEarly{stopped}
	}
	return internalError{err}
}

// A stoppedEarly is a run that was stopped before there was anything to report.
type stoppedEarly struct{ squall.Stopped }

func (e stoppedEarly) Error() string { return e.Stopped.Error() + " before anything was measured" }

// opened opens a scenario: a file, one of the library, or what standard input holds.
func opened(nameOrPath string) (name string, data []byte, err error) {
	if nameOrPath != "-" && nameOrPath != "/dev/stdin" {
		return scenarios.Open(nameOrPath)
	}
	data, err = scenarios.Read(os.Stdin)
	return "stdin", data, err
}

// load opens and reads a scenario.
func load(nameOrPath string, set []string, seed *uint64) (*scenarios.Scenario, error) {
	name, data, err := opened(nameOrPath)
	switch {
	case err != nil:
		return nil, err
	case name == "stdin" && scenarios.IsSuite(data):
		return nil, errors.New("standard input holds a suite, and no scenario: write it to a file, and `squall suite FILE` runs it")
	case scenarios.IsSuite(data):
		return nil, fmt.Errorf("%s is a suite, and no scenario: `squall suite %[1]s` runs it, and with --list tells what it needs", nameOrPath)
	}
	return scenarios.Parse(name, data, scenarios.Options{Kinds: kinds, Set: set, Seed: seed, Files: scenarios.Folder(name)})
}

func addFormat(c *cobra.Command, format *string) {
	c.Flags().StringVarP(format, "output", "o", "text", "what goes to standard output: text or json")
}

func checkFormat(format string) error {
	if format != "text" && format != "json" {
		return fmt.Errorf("--output is text or json, not %q", format)
	}
	return nil
}

// tell writes the result to standard output.
func tell(w io.Writer, r *report.Report, format string) error {
	if format == "json" {
		return formats.JSON(w, r)
	}
	return formats.Text(w, r)
}

// command returns what repeats the run.
func command(name string, f runFlags, s *scenarios.Scenario) []string {
	args := []string{"squall", "run", name}
	for _, set := range f.set {
		args = append(args, "--set", report.HideSetting(set))
	}
	if f.calibrate {
		args = append(args, "--calibrate")
	}
	if f.baseline != "" {
		args = append(args, "--baseline", f.baseline)
	}
	args = append(args, allowedFlags(s.Allowed)...)
	return append(args, "--seed", strconv.FormatUint(s.Seed, 10))
}

// newID returns an id that no other run has: 64 bits, in hexadecimal.
func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:])                                                // never fails
	binary.BigEndian.PutUint64(b[:], binary.BigEndian.Uint64(b[:])|1<<63) // always 16 digits
	return hex.EncodeToString(b[:])
}

func newProgress(w io.Writer, ui string) *plain {
	if ui == "none" {
		return &plain{w: io.Discard}
	}
	p := &plain{w: w, status: -time.Hour}
	file, ok := w.(*os.File)
	if ok && ui == "auto" && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb" && os.Getenv("CI") == "" {
		p.width = func() int {
			width, _, _ := term.GetSize(int(file.Fd())) // 0 where it is not known
			return width
		}
	}
	return p
}

func completeScenarios(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, n := range scenarios.Library() {
		if strings.HasPrefix(n, prefix) {
			names = append(names, n)
		}
	}
	return names, cobra.ShellCompDirectiveDefault
}
