package testcontainers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/seed-228c25e4/squall/links"
)

const (
	leaseTime = time.Minute // a run that its sidecars heard nothing of for so long is dead
	outdated  = time.Hour   // sidecar images are left alone for so long: a run may be about to use one
	asking    = 3 * time.Second
)

// Cleaned says what Clean did.
type Cleaned struct {
	Runs       []string          // the runs that were removed
	Kept       map[string]string // the runs that were left alone, and why
	Containers int
	Networks   int
	Volumes    int
	Images     int // outdated sidecar images
}

// Clean removes what dead runs left behind, and with all everything that any run made: other runs on the same engine may be alive.
func Clean(ctx context.Context, all bool) (Cleaned, error) {
	done := Cleaned{Kept: map[string]string{}}
	e, err := connect(ctx)
	if err != nil {
		return done, err
	}
	defer e.Close()
	runs, err := e.runs(ctx, "")
	if err != nil {
		return done, err
	}
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(runs)) {
		if why := e.alive(ctx, runs[id]); why != "" && !all {
			done.Kept[id] = why
			continue
		}
		n, err := e.removeRun(ctx, id)
		done.Containers += n.Containers
		done.Networks += n.Networks
		done.Volumes += n.Volumes
		if err != nil {
			errs = append(errs, fmt.Errorf("remove run %s: %w", id, err))
			continue
		}
		done.Runs = append(done.Runs, id)
	}
	done.Images, err = e.removeImages(ctx, all)
	return done, errors.Join(append(errs, err)...)
}

// remains is what there is of one run.
type remains struct {
	owner    owner
	newest   time.Time
	sidecars []container.Summary // those that have not ended
}

func byRun(id string) client.Filters {
	if id == "" {
		return make(client.Filters).Add("label", labelRun)
	}
	return make(client.Filters).Add("label", labelRun+"="+id)
}

// runs finds everything that carries the label of that run, or of any when id is empty.
func (e *engine) runs(ctx context.Context, id string) (map[string]*remains, error) {
	found := map[string]*remains{}
	note := func(labels map[string]string, made time.Time) *remains {
		r := found[labels[labelRun]]
		if r == nil {
			r = &remains{}
			found[labels[labelRun]] = r
		}
		if o := parseOwner(labels[labelOwner]); o != (owner{}) {
			r.owner = o
		}
		if made.After(r.newest) {
			r.newest = made
		}
		return r
	}
	containers, err := e.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: byRun(id)})
	if err != nil {
		return nil, err
	}
	for _, c := range containers.Items {
		r := note(c.Labels, time.Unix(c.Created, 0))
		if c.Labels[labelRole] == "sidecar" && (c.State == container.StateRunning || c.State == container.StatePaused) {
			r.sidecars = append(r.sidecars, c)
		}
	}
	networks, err := e.NetworkList(ctx, client.NetworkListOptions{Filters: byRun(id)})
	if err != nil {
		return nil, err
	}
	for _, n := range networks.Items {
		note(n.Labels, n.Created)
	}
	volumes, err := e.VolumeList(ctx, client.VolumeListOptions{Filters: byRun(id)})
	if err != nil {
		return nil, err
	}
	for _, v := range volumes.Items {
		made, _ := time.Parse(time.RFC3339, v.CreatedAt) // without it, the containers' times count
		note(v.Labels, made)
	}
	return found, nil
}

// alive returns why a run must be left alone, and nothing for a dead one.
func (e *engine) alive(ctx context.Context, r *remains) string {
	if alive, known := r.owner.alive(self()); known {
		if alive {
			return fmt.Sprintf("its process %d runs", r.owner.pid)
		}
		return ""
	}
	var silent int
	for _, c := range r.sidecars {
		idle, err := e.idle(ctx, c)
		switch {
		case err != nil:
			silent++
		case idle < leaseTime:
			return fmt.Sprintf("it was heard of %v ago", idle.Round(time.Second))
		}
	}
	switch {
	case silent > 0 && silent == len(r.sidecars):
		return "its sidecars do not answer here, and its process cannot be seen from here"
	case len(r.sidecars) == 0 && time.Since(r.newest) < leaseTime:
		return "it is just being started"
	}
	return ""
}

// idle asks a sidecar's lease, with the token that the container was given.
func (e *engine) idle(ctx context.Context, c container.Summary) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	got, err := e.ContainerInspect(ctx, c.ID, client.ContainerInspectOptions{})
	if err != nil {
		return 0, err
	}
	var config links.SidecarConfig
	for _, env := range got.Container.Config.Env {
		if text, ok := strings.CutPrefix(env, links.SidecarEnv+"="); ok {
			if err := json.Unmarshal([]byte(text), &config); err != nil {
				return 0, err
			}
		}
	}
	for _, p := range c.Ports {
		if p.PrivatePort == portSidecar && p.PublicPort != 0 {
			host := e.host
			if p.IP.IsValid() && !p.IP.IsLoopback() && !p.IP.IsUnspecified() { // the run's squall was in a container
				host = p.IP.String()
			}
			r := links.NewRemote(net.JoinHostPort(host, strconv.Itoa(int(p.PublicPort))), config.Token)
			defer r.Close()
			return r.Idle(ctx)
		}
	}
	return 0, errors.New("its port is not published")
}

// removeRun removes everything that carries the run's label, whoever made it. It may be called again after an error.
func (e *engine) removeRun(ctx context.Context, id string) (Cleaned, error) {
	var done Cleaned
	if err := e.removeContainers(ctx, id, &done); err != nil {
		return done, err
	}
	networks, err := e.NetworkList(ctx, client.NetworkListOptions{Filters: byRun(id)})
	if err != nil {
		return done, err
	}
	for _, n := range networks.Items {
		if _, err := e.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{}); gone(err) != nil {
			return done, err
		}
		done.Networks++
	}
	volumes, err := e.VolumeList(ctx, client.VolumeListOptions{Filters: byRun(id)})
	if err != nil {
		return done, err
	}
	for _, v := range volumes.Items {
		if _, err := e.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{}); gone(err) != nil {
			return done, err
		}
		done.Volumes++
	}
	return done, nil
}

func (e *engine) removeContainers(ctx context.Context, id string, done *Cleaned) error {
	containers, err := e.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: byRun(id)})
	if err != nil {
		return err
	}
	var g errgroup.Group
	for _, c := range containers.Items {
		g.Go(func() error {
			_, err := e.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
			return gone(err)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	done.Containers += len(containers.Items)
	return nil
}

// gone takes "no such thing" and "is being removed already" for success.
func gone(err error) error {
	if errdefs.IsNotFound(err) || err != nil && strings.Contains(err.Error(), "is already in progress") {
		return nil
	}
	return err
}

// removeImages removes the sidecar images of other builds of squall, unless a container uses one.
func (e *engine) removeImages(ctx context.Context, all bool) (int, error) {
	images, err := e.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("label", labelImage+"=sidecar")})
	if err != nil {
		return 0, err
	}
	var current string
	if program, err := readExecutable(""); err == nil {
		current = sidecarName(program)
	}
	removed := 0
	for _, i := range images.Items {
		if slices.Contains(i.RepoTags, current) || !all && time.Since(time.Unix(i.Created, 0)) < outdated {
			continue
		}
		_, err := e.ImageRemove(ctx, i.ID, client.ImageRemoveOptions{})
		switch {
		case err == nil:
			removed++
		case !errdefs.IsConflict(err) && !errdefs.IsNotFound(err):
			return removed, err
		}
	}
	return removed, nil
}
