package scenarios

import (
	"fmt"

	"go.yaml.in/yaml/v4"
)

// Effective returns the whole scenario as a file with everything filled in, which reads as the same scenario. A field that is left out means that
// the broker or its client decides.
func Effective(s *Scenario) []byte {
	d := &draft{s: s}
	data, err := yaml.Dump(d.fields().write(), yaml.WithLineWidth(-1))
	if err != nil {
		return fmt.Appendf(nil, "# cannot be written: %v\n", err) // a tree of plain scalars always can
	}
	return data
}
