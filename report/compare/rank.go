package compare

import (
	"cmp"
	"math"
	"slices"
)

// mostExact is up to how many runs on both sides the rank test is exact; the normal approximation is within a few per cent of it from there on.
const mostExact = 60

// rankTest is the two-sided p of the Mann-Whitney test (Wilcoxon's rank sum) that the two sides differ, by ranks alone: what is infinite ranks above all.
// It is exact, given the ties, by the shift algorithm of Streitberg and Röhmel (1986), and of many runs the normal approximation with corrections for ties and
// continuity (Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3rd ed., 4.1). Either side empty: 1.
func rankTest(base, new []float64) float64 {
	if len(base) == 0 || len(new) == 0 {
		return 1
	}
	few, many := base, new // it makes no difference which side is drawn, but for the work
	if len(few) > len(many) {
		few, many = many, few
	}
	ranks, ties := doubledRanks(few, many)
	sum := 0
	for _, r := range ranks[:len(few)] {
		sum += r
	}
	if len(ranks) > mostExact {
		return approximate(sum, len(few), len(many), ties)
	}
	atMost, atLeast := tails(ranks, len(few), sum)
	return min(1, 2*min(atMost, atLeast))
}

// doubledRanks returns twice the mid-rank of each value, which is whole, and the sum of t³ - t over the ties.
func doubledRanks(a, b []float64) (ranks []int, ties float64) {
	all := slices.Concat(a, b)
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(all[a], all[b]) })
	ranks = make([]int, len(all))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && all[order[to]] == all[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = from + 1 + to // twice the mean of from+1 ... to
		}
		t := float64(to - from)
		ties += t*t*t - t
		from = to
	}
	return ranks, ties
}

// tails returns the chances that k of the ranks, drawn at random, have a sum of at most, and of at least, the one seen.
func tails(ranks []int, k, seen int) (atMost, atLeast float64) {
	total := 0
	for _, r := range ranks {
		total += r
	}
	ways := make([][]float64, k+1) // by how many were drawn, and their sum
	for j := range ways {
		ways[j] = make([]float64, total+1)
	}
	ways[0][0] = 1
	most, before := slices.Max(ranks), 0
	for i, r := range ranks {
		for j := min(k, i+1); j > 0; j-- {
			for s := min(before, (j-1)*most); s >= 0; s-- { // no j-1 of those before have a larger sum
				ways[j][s+r] += ways[j-1][s]
			}
		}
		before += r
	}
	var below, here, above float64
	for s, n := range ways[k] {
		switch {
		case s < seen:
			below += n
		case s == seen:
			here += n
		default:
			above += n
		}
	}
	all := below + here + above
	return (below + here) / all, (here + above) / all
}

func approximate(doubledSum, few, many int, ties float64) float64 {
	k, m := float64(few), float64(many)
	n := m + k
	variance := m * k / 12 * (n + 1 - ties/(n*(n-1)))
	if variance <= 0 {
		return 1
	}
	off := math.Abs(float64(doubledSum)/2 - k*(n+1)/2)
	return min(1, math.Erfc(max(0, off-0.5)/math.Sqrt(2*variance)))
}

// tables keeps null distributions of U without ties, which are asked for again and again.
type tables map[[2]int][]float64

// critical returns the greatest U that two sides of these sizes do not exceed with at most this chance, if nothing differs; -1: there is none.
func (t tables) critical(m, n int, chance float64) int {
	if m+n > mostExact {
		u := float64(m*n)/2 - 0.5 + quantile(chance)*math.Sqrt(float64(m*n*(m+n+1))/12)
		return max(-1, int(math.Floor(u)))
	}
	key := [2]int{min(m, n), max(m, n)}
	if t[key] == nil {
		t[key] = cumulative(key[0], key[1])
	}
	below, _ := slices.BinarySearchFunc(t[key], chance, func(p, chance float64) int {
		if p <= chance {
			return -1
		}
		return 1
	})
	return below - 1
}

// cumulative returns P(U <= u) for each u, of sides of m and n without ties.
func cumulative(m, n int) []float64 {
	ways := make([][]float64, m+1)
	for j := range ways {
		ways[j] = make([]float64, m*n+1)
	}
	ways[0][0] = 1
	for i := range m + n { // drawn as the j-th, what has rank i+1 adds i+1-j to U
		for j := min(m, i+1); j > 0; j-- {
			d := i + 1 - j
			for u := m*n - d; u >= 0; u-- {
				ways[j][u+d] += ways[j-1][u]
			}
		}
	}
	all := 0.0
	for _, w := range ways[m] {
		all += w
	}
	sum, p := 0.0, make([]float64, m*n+1)
	for u, w := range ways[m] {
		sum += w
		p[u] = sum / all
	}
	return p
}

// quantile is the standard normal's.
func quantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }

// shift returns the median of all differences between a new and a base value (Hodges and Lehmann, 1963), and an interval of at least this confidence for it,
// from the differences' own order (Moses; Hollander, Wolfe and Chicken, 4.3). No interval: there are too few values. What is infinite on both sides differs by 0.
func (t tables) shift(base, new []float64, confidence float64) (mid, low, high float64, interval bool) {
	d := make([]float64, 0, len(base)*len(new))
	for _, b := range base {
		for _, n := range new {
			if n == b { // both may be infinite
				d = append(d, 0)
			} else {
				d = append(d, n-b)
			}
		}
	}
	slices.Sort(d)
	mid = medianOf(d)
	c := t.critical(len(base), len(new), (1-confidence)/2) + 1
	if c == 0 {
		return mid, 0, 0, false
	}
	return mid, d[c-1], d[len(d)-c], true
}

// medianOf returns the median of sorted values; between a finite and an infinite one, the infinite one.
func medianOf(sorted []float64) float64 {
	low, high := sorted[(len(sorted)-1)/2], sorted[len(sorted)/2]
	switch {
	case low == high:
		return low
	case math.IsInf(low, -1) && math.IsInf(high, 1):
		return 0
	}
	return (low + high) / 2
}

// holm returns the p values as Holm (1979) corrects them for being so many, in their own order.
func holm(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(ps[a], ps[b]) })
	adjusted := make([]float64, len(ps))
	most := 0.0
	for rank, i := range order {
		most = max(most, min(1, float64(len(ps)-rank)*ps[i]))
		adjusted[i] = most
	}
	return adjusted
}
