package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-228c25e4/squall"
	"github.com/seed-228c25e4/squall/broker"
	"github.com/seed-228c25e4/squall/capacity"
	"github.com/seed-228c25e4/squall/live/tui"
	"github.com/seed-228c25e4/squall/report"
	"github.com/seed-228c25e4/squall/scenarios"
)

// A rig is the cluster that the points of a search share, with what else they need.
type rig struct {
	name     string // of the scenario, as it was given
	dir      string
	progress *plain
	stop     func()
	cluster  broker.Cluster   // nil: none runs
	of       scenarios.Broker // what it is
	password string           // by which it was opened, where squall did not start it
	allowed  scenarios.Allowed
	watchers []squall.Observer
	kept     bool  // there is a result in the folder
	failed   error // of what could not be written
	beside   error // what went wrong beside points that there are, such as a topic that could not be taken away again
}

// search searches, removes the cluster, and shows it all where somebody looks.
func (g *rig) search(ctx context.Context, o capacity.Options, look *look) (*capacity.Result, error) {
	if look == nil {
		r, err := capacity.Run(ctx, o)
		return r, errors.Join(err, g.close(ctx))
	}
	board := tui.NewSearchBoard(g.stop)
	o.Watch, g.watchers = board.Watch, []squall.Observer{board}
	v := look.open(g.progress, func(line string) {
		if !strings.HasPrefix(line, "capacity ") { // the view tells better what those say
			board.Note(line)
		}
	}, func(ctx context.Context, o tui.Options) error { return tui.RunSearch(ctx, board, o) })
	r, err := capacity.Run(ctx, o)
	board.Note("removing the cluster")
	err = errors.Join(err, g.close(ctx))
	board.Finish()
	if e := v.finish(); e != nil {
		g.progress.step("the view ended: %v", e)
	}
	return r, err
}

func (g *rig) kind(o capacity.Options) string {
	s, err := o.Scenario()
	if err != nil {
		return ""
	}
	return s.Broker.Kind
}

// other reports whether the scenario wants another cluster than the one that is open.
func (g *rig) other(s *scenarios.Scenario) bool {
	return g.cluster == nil || !reflect.DeepEqual(g.of, s.Broker)
}

// fresh reports whether the scenario's run begins with a cluster that squall just started.
func (g *rig) fresh(s *scenarios.Scenario) bool {
	return s.Broker.Run != scenarios.Elsewhere && g.other(s)
}

// run implements capacity.Runner. A cluster that a run left in disorder is replaced, and one that is another than the scenario wants.
func (g *rig) run(ctx context.Context, s *scenarios.Scenario, folder string) (*report.Report, error) {
	id := newID()
	if g.other(s) {
		if err := g.close(ctx); err != nil {
			return nil, err
		}
		g.progress.step("starting %s: %s on %s, %s", s.Name, s.Broker.Kind, strings.Join(s.NodeNames(), " "), s.Broker.Run)
		of := s.Broker
		cluster, err := start(ctx, s, id, g.progress)
		if err != nil {
			return nil, runError(ctx, err)
		}
		g.cluster, g.of, g.password = cluster, of, s.Broker.External.Password
	}
	s.Broker.External.Password = g.password // of every point, so that it is in nothing that is told of it
	dir, err := newOutput(filepath.Join(g.dir, folder), s.Name, id)
	if err != nil {
		return nil, err
	}
	a := attempt{s: s, dir: dir, id: id, command: command(g.name, runFlags{}, s), progress: &plain{w: io.Discard}, watchers: g.watchers, stop: g.stop,
		after: func(ctx context.Context, d broker.Driver) { g.forget(ctx, d, s.Topic) }}
	r, err := a.on(ctx, g.cluster, nil)
	err = a.hide(err)
	if r == nil || len(r.Crashes) > 0 || err != nil {
		err = errors.Join(err, g.close(ctx))
	}
	if r == nil {
		return nil, errors.Join(err, dir.removeIfEmpty())
	}
	if err != nil {
		g.beside = errors.Join(g.beside, fmt.Errorf("%s: %w", folder, err))
	}
	return r, err
}

// forgetWithin bounds how long it is tried to free the room of a point that is over.
const forgetWithin = 15 * time.Second

// forget deletes the topic of a point: the next has one of its own, and the disk has an end. On a cluster that squall did not start, the run has done so.
func (g *rig) forget(ctx context.Context, d broker.Driver, topic broker.Topic) {
	if _, shared := g.cluster.(broker.Shared); shared {
		return
	}
	deletes, ok := d.(broker.TopicDeleter)
	if !ok {
		g.progress.step("capacity note=%q", "nobody knows how to delete a topic of this kind of broker: what each point sent stays until the end")
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetWithin)
	defer cancel()
	if err := deletes.DeleteTopic(ctx, topic); err != nil {
		g.progress.step("capacity note=%q", err)
	}
}

// ceiling finds what the generator reaches; the cluster that runs beside it has nothing to do meanwhile.
func (g *rig) ceiling(ctx context.Context, s *scenarios.Scenario) (float64, error) {
	c, err := calibrate(ctx, s)
	if err != nil {
		return 0, err
	}
	return c.Ceiling, nil
}

// close removes the cluster.
func (g *rig) close(ctx context.Context) error {
	if g.cluster == nil {
		return nil
	}
	cluster := g.cluster
	g.cluster = nil
	return remove(ctx, cluster)
}

// keep writes the result so far, each file whole or not at all.
func (g *rig) keep(r *capacity.Result) {
	g.kept, g.failed = true, nil
	for _, f := range capacity.Files {
		if err := writeWhole(filepath.Join(g.dir, f.Name), func(w io.Writer) error { return f.Write(w, r) }); err != nil {
			g.failed = errors.Join(g.failed, internalError{fmt.Errorf("write %s: %w", f.Name, err)})
		}
	}
}

// end tells the result, and returns the exit code.
func (g *rig) end(c *cobra.Command, r *capacity.Result, format string, err error) error {
	code := r.Verdict.ExitCode
	err = errors.Join(err, g.failed, g.beside, tellCapacity(c, r, format, capacity.Text))
	if path := filepath.Join(g.dir, capacity.ResultFile); format == "text" && g.kept {
		fmt.Fprintf(c.OutOrStdout(), "%s\n", path)
		if r.Stopped != "" {
			fmt.Fprintf(c.OutOrStdout(), "%s goes on from there\n", strings.Join(append([]string{"squall capacity --resume", g.dir}, allowedFlags(g.allowed)...), " "))
		}
	}
	return conclude(c, code, err)
}
