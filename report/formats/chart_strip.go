package formats

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-228c25e4/squall/report"
)

// Bounds of the partition strip: it has a cell for a stretch of time and a line for some partitions, and shows the worst that happened in it.
const (
	mostCells = 720
	mostLines = 32
	lineTall  = 14
)

// badness orders the letters of Window.Partitions; each has a class and a height of its own, so that colour is not needed.
var badness = []struct {
	letter byte
	class  string
	tall   int
}{{report.PartitionIdle, "", 0}, {report.PartitionFull, "full", 4}, {report.PartitionThin, "thin", 8}, {report.PartitionSilent, "silent", 12}}

// strip draws a line for each partition; nil: nothing is known of them.
func (f *film) strip() *drawing {
	count := 0
	for i := range f.r.Windows {
		count = max(count, len(f.r.Windows[i].Partitions))
	}
	if count == 0 {
		return nil
	}
	each := (count + mostLines - 1) / mostLines
	lines := (count + each - 1) / each
	together := (len(f.r.Windows) + mostCells - 1) / mostCells
	c := newChart("How the acknowledgements of each partition went, second by second", lines*lineTall, f.x, scale{to: float64(lines)})
	c.shades(f.shades)
	var names []tick
	paths := make([]strings.Builder, len(badness))
	for line := range lines {
		first, last := line*each, min((line+1)*each, count)-1
		names = append(names, tick{float64(lines-line) - 0.5, partitionNames(first, last)})
		f.cells(c, paths, line, first, last, together)
	}
	c.grid(f.ticks, names, f.utc(f.from), f.utc(f.to))
	for i, b := range badness {
		if paths[i].Len() > 0 {
			c.plot(fmt.Sprintf(`<path class="cells %s" d="%s"/>`, b.class, paths[i].String()))
		}
	}
	d := &drawing{Title: "Partitions", SVG: c.done(), Key: []keyed{{"cells full", "full"}, {"cells thin", "thin: in fewer than half of the second's tenths"}, {"cells silent", "silent: due, and nothing acknowledged"}}}
	d.Caption = f.silentInWords(count)
	if longest := longestCell(f.r.Windows, together); each > 1 || longest > time.Second {
		d.Caption += fmt.Sprintf(" A cell is the worst of %d partitions and %s.", each, report.Human(longest))
	}
	return d
}

// longestCell is how long the longest cell is, of so many windows together.
func longestCell(windows []report.Window, together int) time.Duration {
	var longest time.Duration
	for at := 0; at < len(windows); at += together {
		longest = max(longest, windows[min(at+together, len(windows))-1].End()-windows[at].Start)
	}
	return longest
}

// cells adds a line's cells to the paths of their classes; neighbours that are alike become one.
func (f *film) cells(c *chart, paths []strings.Builder, line, first, last, together int) {
	windows := f.r.Windows
	var from, to time.Duration
	was := 0
	flush := func() {
		if b := badness[was]; was > 0 {
			left, right := across*c.x.at(float64(from)), across*c.x.at(float64(to))
			top := line*lineTall + (lineTall-b.tall)/2
			fmt.Fprintf(&paths[was], "M%.0f %dH%.0fv%dH%.0fz", left, top, right, b.tall, left)
		}
	}
	for at := 0; at < len(windows); at += together {
		worst, end := 0, min(at+together, len(windows))
		for i := at; i < end; i++ {
			worst = max(worst, worstOf(windows[i].Partitions, first, last))
		}
		if worst != was || windows[at].Start > to {
			flush()
			was, from = worst, windows[at].Start
		}
		to = windows[end-1].End()
	}
	flush()
}

// worstOf returns the place in badness of the worst of some partitions.
func worstOf(letters string, first, last int) int {
	worst := 0
	for i := first; i <= last && i < len(letters); i++ {
		for at := range badness {
			if badness[at].letter == letters[i] {
				worst = max(worst, at)
			}
		}
	}
	return worst
}

func partitionNames(first, last int) string {
	if first == last {
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%d-%d", first, last)
}

// silentInWords tells how much of the partitions' time was silent.
func (f *film) silentInWords(count int) string {
	silent, hurt := time.Duration(0), map[int]bool{}
	for i := range f.r.Windows {
		for p := range len(f.r.Windows[i].Partitions) {
			if f.r.Windows[i].Partitions[p] == report.PartitionSilent {
				silent += f.r.Windows[i].Span()
				hurt[p] = true
			}
		}
	}
	if silent == 0 {
		return fmt.Sprintf("None of the %d partitions was silent for a whole second.", count)
	}
	atMost := ""
	if longestWindow(f.r.Windows) > time.Second { // whose letters are those of their worst second
		atMost = "at most "
	}
	return fmt.Sprintf("%d of %d partitions were silent in some second, for %s%s seconds in all.", len(hurt), count, atMost, report.Thousands(uint64(silent/time.Second)))
}
