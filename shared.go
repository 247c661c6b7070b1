package squall

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/broker"
)

// How long it may take to take away again what a run made on a cluster of others.
const (
	vacateWithin = time.Minute
	vacateQuick  = 3 * time.Second // when there are seconds left
)

// enterAlone looks, on a cluster of others, whether what the run is about to make is nobody's yet.
func (r *run) enterAlone(ctx context.Context) error {
	if _, shared := r.bed.Cluster.(broker.Shared); !shared {
		return nil
	}
	tenant, ok := r.bed.Driver.(broker.Tenant)
	if !ok {
		return errors.New("this kind of broker cannot be loaded on a cluster that squall did not start: nobody knows how to take away again what is made there")
	}
	if most := r.scenario.Broker.External.MaxRate; most > 0 && (r.scenario.Load.ClosedLoop() || r.scenario.PeakRate() > most*(1+1e-9)) {
		return fmt.Errorf("the load is above broker.external.max-rate, which is %.4g/s", most) // it was changed since the file was checked
	}
	group := r.scenario.Load.Consumers.Group
	if r.scenario.Load.Consumers.Count == 0 {
		group = ""
	}
	if err := tenant.Vacant(ctx, r.scenario.Topic.Name, group); err != nil {
		return &OccupiedError{err}
	}
	r.tenant = tenant
	return nil
}

// rest ends those who look on, and returns when that was.
func (r *run) rest() time.Duration {
	r.watching()
	r.behind.Wait()
	r.guard.restarts() // since it looked last
	return r.clock.Now()
}

// vacate takes away again what the run made on a cluster of others, once everybody is out.
func (r *run) vacate(ctx context.Context) error {
	if r.tenant == nil {
		return nil
	}
	within := vacateWithin
	if stop(ctx).Quick {
		within = vacateQuick
	}
	r.rest()
	r.retire()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	gone, err := r.tenant.Vacate(ctx)
	if len(gone) > 0 {
		r.finding("What the run made on this cluster is deleted again: %s.", strings.Join(gone, ", "))
	}
	if err != nil {
		r.finding("Something that the run made is still on this cluster: %v", err)
		return fmt.Errorf("take away what the run made: %w; it is squall's own, and can be deleted by hand", err)
	}
	return nil
}

// inForce are settings as they are: as the scenario has them, and where it says nothing as they were found.
func inForce(said, found map[string]string) map[string]string {
	if len(found) == 0 {
		return said
	}
	all := maps.Clone(found)
	maps.Copy(all, said)
	return all
}

// An OccupiedError says that what a run was to make on a cluster of others is there already. Nothing was made.
type OccupiedError struct{ Err error }

func (e *OccupiedError) Error() string { return e.Err.Error() }

// Unwrap returns what is there.
func (e *OccupiedError) Unwrap() error { return e.Err }
