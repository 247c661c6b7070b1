package faults

import (
	"fmt"
	"slices"
	"sync"
)

// holds are the victims of the exclusive faults in force, of one that could not be reverted too. The zero value has none.
type holds struct {
	mu  sync.Mutex
	all map[string]*hold // by victim
}

// A hold is one exclusive fault in force.
type hold struct {
	fault string
	fatal bool // with what else was down at once, the cluster could not go on
}

// A heldError says that another fault has a victim for itself.
type heldError string

func (e heldError) Error() string { return string(e) }

// take takes victims for a fault, which keeps them where its kind is exclusive; where an exclusive fault has any of them, that is the error, and
// nothing is taken.
func (h *holds) take(fault string, kind Kind, victims []string) (*hold, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.held(victims); err != nil {
		return nil, err
	}
	if !kind.Exclusive {
		return nil, nil
	}
	if h.all == nil {
		h.all = map[string]*hold{}
	}
	own := &hold{fault: fault}
	for _, v := range victims {
		h.all[v] = own
	}
	return own, nil
}

// held returns which fault has any of the victims for itself; the caller has the lock.
func (h *holds) held(victims []string) error {
	for _, v := range victims {
		if by := h.all[v]; by != nil {
			return heldError(fmt.Sprintf("%s is down already, by fault %s", v, by.fault))
		}
	}
	return nil
}

// check is held for those who have no lock, and take nothing.
func (h *holds) check(victims []string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.held(victims)
}

// letGo frees victims, if the fault held them.
func (h *holds) letGo(victims []string, own *hold) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, v := range victims {
		if own != nil && h.all[v] == own {
			delete(h.all, v)
		}
	}
}

// down returns the victims with all other nodes that are held: what the cluster has to survive is all that is gone at once.
func (h *holds) down(victims, nodes []string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := slices.Clone(victims)
	for v := range h.all {
		if slices.Contains(nodes, v) && !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}

// tooMany notes that the cluster cannot go on with all that is held now: none of these faults is survived any more.
func (h *holds) tooMany() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, own := range h.all {
		own.fatal = true
	}
}

// survived reports whether the cluster could go on as long as the fault held its victims; one that holds none does not stop it.
func (h *holds) survived(own *hold) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return own == nil || !own.fatal
}
