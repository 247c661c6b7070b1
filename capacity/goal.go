package capacity

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/seed-228c25e4/squall/scenarios"
)

// mostGrowth bounds what a goal may grow by: what is beyond is a slip of the pen.
const mostGrowth = 1000

// ParseGoal reads what the cluster is to carry: a rate as scenario files have it, and by which factor that is to grow, as in "2x"; empty: it stays. size is that
// of a message, in bytes. Without a target there is no goal, and growth alone is an error.
func ParseGoal(target, growth string, size float64) (*Goal, error) {
	if target == "" {
		if growth != "" {
			return nil, errors.New("--growth says by which factor a target grows: give --target as well")
		}
		return nil, nil
	}
	g := Goal{Growth: 1}
	var err error
	if g.Rate, err = scenarios.ParseRate(target, size); err != nil {
		return nil, fmt.Errorf("--target: %w", err)
	}
	if growth != "" {
		g.Growth, err = strconv.ParseFloat(strings.TrimSuffix(growth, "x"), 64)
		if err != nil || math.IsNaN(g.Growth) || g.Growth < 1 || g.Growth > mostGrowth {
			return nil, fmt.Errorf("--growth %q: write a factor between 1 and %d, as in 2x", growth, mostGrowth)
		}
	}
	return &g, nil
}
