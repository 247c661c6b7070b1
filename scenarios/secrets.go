package scenarios

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seed-228c25e4/squall/faults"
	"github.com/seed-228c25e4/squall/report"
)

// Secrets returns what nobody is to read of the scenario: the values of the settings whose names say that they are secrets.
func (s *Scenario) Secrets() report.Secrets {
	var values []string
	for _, settings := range []map[string]string{s.Broker.Config, s.Topic.Config} {
		for name, value := range settings {
			if report.IsSecret(name) {
				values = append(values, value)
			}
		}
	}
	for i := range s.Plan {
		values = append(values, secretsOf(&s.Plan[i])...)
	}
	values = append(append(values, s.Broker.External.Password), report.NamedSecrets(s.Broker.JVM)...)
	for _, node := range s.Broker.External.Commands {
		for _, argv := range node {
			values = append(values, report.NamedSecrets(strings.Join(argv, " "))...)
		}
	}
	return report.NewSecrets(values, s.words())
}

// SecretsBeside returns the scenario's secrets with those of faults that it does not have.
func (s *Scenario) SecretsBeside(steps []faults.Step) report.Secrets {
	with := *s
	with.Plan = slices.Clone(s.Plan)
	for _, step := range steps {
		with.Plan = append(with.Plan, faults.Plan{Step: step})
	}
	return with.Secrets()
}

// secretsOf are the secrets of an entry of the list of faults, and of those that it is made of or draws from.
func secretsOf(p *faults.Plan) []string {
	values := p.Step.Secrets()
	for _, list := range [][]faults.Plan{p.Sequence, p.Parallel} {
		for i := range list {
			values = append(values, secretsOf(&list[i])...)
		}
	}
	if p.Random != nil {
		for _, c := range p.Random.Of {
			values = append(values, c.Step.Secrets()...)
		}
	}
	return values
}

// words are what a run calls its parts by: without them its report could not be judged again.
func (s *Scenario) words() []string {
	all := slices.Concat([]string{s.Name, s.Broker.Kind, s.Broker.Run, s.Broker.Image, s.Topic.Name, s.Load.Consumers.Group, s.Verdict.String(), "baseline recovery between warm-up heal drain final read"},
		s.NodeNames(), s.ClientNames(), s.FaultNames())
	for _, f := range s.Faults {
		all = append(all, f.Kind, f.Target.String())
	}
	for _, e := range s.Expect {
		all = append(all, e.Text)
	}
	return all
}

// hide puts stars in the place of a tree's secrets: the values of settings that say so by their names, and wherever else they stand in it.
func hide(n *yaml.Node, secrets report.Secrets) {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		value := n.Content[i+1]
		if key := n.Content[i].Value; value.Kind == yaml.ScalarNode && value.Value != "" && (report.IsSecret(key) || key == "to" && report.IsSecret(changed(n))) {
			*value = *stringNode(report.Stars)
		}
	}
	for _, c := range n.Content {
		hide(c, secrets)
	}
	if hidden := secrets.Hide(n.Value); n.Kind == yaml.ScalarNode && hidden != n.Value {
		*n = *stringNode(hidden)
	}
}

// changed is the setting that a fault of the tree changes; empty: it changes none.
func changed(n *yaml.Node) string {
	if setting := child(n, "setting"); setting != nil {
		return setting.Value
	}
	return ""
}

// withoutSecrets says that a file that Effective wrote is not whole; empty: it is.
func withoutSecrets(file []byte) string {
	if strings.Contains(string(file), report.Stars) {
		return "Where it has " + report.Stars + ", there was a secret, which has to be put back."
	}
	return ""
}
