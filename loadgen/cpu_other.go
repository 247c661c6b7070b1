//go:build !unix

package loadgen

import "time"

// cpuTime is not to be had here; reports then show 0.
func cpuTime() time.Duration { return 0 }
