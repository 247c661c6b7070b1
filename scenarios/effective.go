package scenarios

import (
	"fmt"

	"go.yaml.in/yaml/v4"
)

// Effective returns the whole scenario as a file with everything filled in, which reads as the same scenario, but for secrets: it is told to many, and they
// are stars in it. A field that is left out means that the broker or its client decides.
func Effective(s *Scenario) []byte {
	d := &draft{s: s}
	tree := d.fields().write()
	hide(tree, s.Secrets())
	data, err := yaml.Dump(tree, yaml.WithLineWidth(-1))
	if err != nil {
		return fmt.Appendf(nil, "# cannot be written: %v\n", err) // a tree of plain scalars always can
	}
	return data
}
