package broker

import "strings"

// Nearest returns the name among those that there are that was most likely meant by one that there is not: a few letters apart, or with a block before or behind it that was
// left out, as in sync_interval for jetstream.sync_interval; empty: none is near enough.
func Nearest(name string, there []string) string {
	nearest, least := "", 4
	for _, known := range there {
		apart := edits(known, name)
		if strings.HasSuffix(known, "."+name) || strings.HasPrefix(known, name+".") {
			apart = 0
		}
		if apart < least {
			nearest, least = known, apart
		}
	}
	return nearest
}

// edits is how many letters have to be changed, added or taken away to make b of a.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := before
			if a[i] != b[j] {
				changed++
			}
			before = row[j+1]
			row[j+1] = min(changed, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}
