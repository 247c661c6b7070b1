package recovery

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-228c25e4/squall/report"
)

// vacuous says why a fault led to no failover that could be judged: it was over before the timer ran out that would have noticed it, and nobody did; or
// nothing stopped, and those whom it hurt led nothing. What nobody could see is no reason. Empty: there was a failover, or could have been.
func (a *analysis) vacuous(s stretch, r report.Recovery, timers []report.Timer) string {
	for _, t := range timers {
		lasted := s.Healing - s.Effective
		ended := r.Service.Known && r.Service.Value <= s.Healed-s.Effective+a.threshold() // what outlasts the fault is somebody's finding out
		if t.Name == s.NoticedBy && s.Healing >= 0 && s.Healed >= 0 && lasted < t.Value && r.Detect.Why == unchanged && ended {
			return fmt.Sprintf("%s was over after %s, before %s (%s) ran out, and nobody noticed: there was no failover", s.Name, report.Human(lasted), t.Name, report.Human(t.Value))
		}
	}
	if len(r.Gaps) > 0 || pastLeaders(s.Target) {
		return ""
	}
	before, known := a.stateAt(s.start)
	hurt := slices.DeleteFunc(nodes(s.Fault), func(name string) bool { return !slices.Contains(before.Nodes, name) })
	if !known || len(hurt) == 0 || len(before.Partitions) == 0 {
		return ""
	}
	if slices.ContainsFunc(before.Partitions, func(p report.PartitionState) bool { return slices.Contains(hurt, p.Leader) }) {
		return ""
	}
	return fmt.Sprintf("%s led nothing when %s took effect, and nothing stopped: there was no failover", strings.Join(hurt, " and "), s.Name)
}

// pastLeaders reports whether a target is meant for another role than a leader's: then it is no accident that no leader failed over.
func pastLeaders(target string) bool {
	for _, role := range []string{"follower", "not leader", "controller", "coordinator"} {
		if strings.Contains(target, role) {
			return true
		}
	}
	return false
}
