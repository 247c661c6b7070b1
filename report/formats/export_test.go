package formats

// What the tests outside have of those inside.
var (
	Spoilt   = spoilt
	Repeated = repeated
	Failing  = failing
)

// Families are the names of all metrics, with squall_.
func Families() (names []string) {
	for _, of := range [][]family{ofRun, ofSafety, ofLatency, ofFaults} {
		for _, f := range of {
			names = append(names, "squall_"+f.name)
		}
	}
	return names
}
