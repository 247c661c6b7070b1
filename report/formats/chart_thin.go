package formats

import "math"

// mostPoints is how many points a line has at most: more than a screen has columns.
const mostPoints = 1500

// A point is a value at a time of the run, or whatever the axes are. A value that is not a number is none: the line has a hole there.
type point struct{ x, y float64 }

func (p point) hole() bool { return math.IsNaN(p.y) }

// thin returns at most mostPoints points: of each stretch the least and the greatest, in their order, and a hole where one was. Nothing that stands out
// gets lost. It also says how many points became one pair; 1: all are there.
func thin(points []point) ([]point, int) {
	if len(points) <= mostPoints {
		return points, 1
	}
	stretch := (len(points)*3 + mostPoints - 1) / mostPoints
	var kept []point
	for from := 0; from < len(points); from += stretch {
		kept = append(kept, extremes(points[from:min(from+stretch, len(points))])...)
	}
	return kept, stretch
}

// extremes returns the least and the greatest of some points, and a hole that is among them, in their order.
func extremes(points []point) []point {
	least, most, hole := -1, -1, -1
	for i, p := range points {
		switch {
		case p.hole():
			hole = i
			continue
		case least < 0:
			least, most = i, i
		case p.y < points[least].y:
			least = i
		case p.y > points[most].y:
			most = i
		}
	}
	var kept []point
	for i, p := range points {
		if i == least || i == most || i == hole {
			kept = append(kept, p)
		}
	}
	return kept
}

// bounds returns the least and the greatest value above 0 of several lines; without any: 1 and 1.
func bounds(lines ...[]point) (least, most float64) {
	least, most = math.Inf(1), 0
	for _, line := range lines {
		for _, p := range line {
			if p.y > 0 {
				least, most = min(least, p.y), max(most, p.y)
			}
		}
	}
	if most == 0 {
		return 1, 1
	}
	return least, most
}
