package capacity

import (
	"fmt"
	"strings"
)

// elsewhere says what is measured with something broken on a cluster that squall did not start: what the scenario has commands for, and whoever runs it allows.
// There each broker has what is its own, whatever this machine has.
func (p *plan) elsewhere(o *Options) {
	s := &o.Settings
	why := p.refused(o, p.taking(s.Settling, s.Measuring))
	if p.degraded = why == ""; why != "" {
		p.leaveOut("one broker down, and catching up", why)
	}
	var set []string // nothing: the scenario's own faults
	if len(p.base.Faults) == 0 {
		set = killing(s.Settling, s.Measuring)
	}
	why = p.refused(o, set)
	if p.recovers = why == ""; why != "" {
		p.leaveOut("recovery", why)
	}
}

// refused says why the faults of a scenario cannot be done there, or may not be; empty: they are.
func (p *plan) refused(o *Options, set []string) (why string) {
	if len(p.base.Broker.External.Commands) == 0 && len(set) > 0 {
		return "it takes commands that act on the cluster's nodes, and the scenario gives none (broker.external.commands)"
	}
	s, err := o.Scenario(set...)
	if err != nil {
		return strings.Join(strings.Fields(err.Error()), " ")
	}
	if s.NeedsExec() && !s.Allowed.Exec {
		return "it runs the scenario's commands on the cluster's nodes, which wants --allow-exec"
	}
	if wide := s.Wide(); len(wide) > 0 && !s.Allowed.ClusterWide {
		return fmt.Sprintf("%s touches what others use on the cluster, which wants --allow-cluster-wide", strings.Join(wide, ", "))
	}
	return ""
}
