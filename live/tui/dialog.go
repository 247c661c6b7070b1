package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"
)

// A dialog stands before the view, and takes the keys.
type dialog interface {
	pressed(*model, tea.KeyPressMsg) tea.Cmd
	pasted(string)
	answered(*model, answered) bool // whether it was this dialog that asked
	draw(*model, *canvas)
}

// window draws a box in the middle of the screen for so many lines, and returns where they begin and how wide they may be.
func (c *canvas) window(name string, w, h int) (x, y, width int) {
	w, h = min(max(w+4, 30), c.w-4), min(h+2, c.h-2)
	x, y = (c.w-w)/2, (c.h-h)/2
	box := newCanvas(w, h, c.ascii)
	box.horizontal(0, 0, w)
	box.horizontal(0, h-1, w)
	box.vertical(0, 0, h)
	box.vertical(w-1, 0, h)
	for _, corner := range [][2]int{{0, 0}, {w - 1, 0}, {0, h - 1}, {w - 1, h - 1}} {
		box.put(corner[0], corner[1], '│', frame)
	}
	box.join()
	box.fit(2, 0, w-4, title, " "+name+" ")
	for i := range box.cells {
		if box.cells[i].s == frame {
			box.cells[i].s = accent
		}
	}
	c.blit(x, y, box)
	return x + 2, y + 1, w - 4
}

// A note is text to be read: up and down where there is more than the screen holds, any other key leaves it.
type note struct {
	title string
	lines []string
	first int // that is shown
	most  int // that first can be
}

func (n *note) pressed(m *model, k tea.KeyPressMsg) tea.Cmd {
	move := map[string]int{"up": -1, "k": -1, "down": 1, "j": 1, "pgup": -10, "pgdown": 10}[k.String()]
	if move == 0 || n.most == 0 {
		m.dialog = nil
		return nil
	}
	n.first = min(max(n.first+move, 0), n.most)
	return nil
}

func (n *note) pasted(string)                  {}
func (n *note) answered(*model, answered) bool { return false }

func (n *note) draw(m *model, c *canvas) {
	width := 0
	for _, l := range n.lines {
		width = max(width, c.width(l))
	}
	lines := n.lines
	if width > c.w-8 {
		lines = wrap(lines, c.w-8)
	}
	rows := min(len(lines), c.h-4)
	n.most = len(lines) - rows
	n.first = min(n.first, n.most)
	name := n.title
	if n.most > 0 {
		name += fmt.Sprintf(": %d to %d of %d, up and down", n.first+1, n.first+rows, len(lines))
	}
	x, y, w := c.window(name, width, rows)
	for i, l := range lines[n.first : n.first+rows] {
		c.fit(x, y+i, w, plain, l)
	}
}

// wrap breaks lines that are too long.
func wrap(lines []string, width int) []string {
	var out []string
	for _, l := range lines {
		r := []rune(l)
		for len(r) > width && width > 0 {
			out, r = append(out, string(r[:width])), r[width:]
		}
		out = append(out, string(r))
	}
	return out
}

// A question asks before something is done to the run.
type question struct {
	title string
	lines []string
	yes   string
	done  string
	do    func() error
	asked bool
}

func (q *question) pressed(m *model, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "enter", "y":
		if q.asked {
			return nil
		}
		q.asked = true
		return m.ask(q.done, q.do)
	case "esc", "n", "q":
		m.dialog = nil
	}
	return nil
}

func (q *question) pasted(string) {}

func (q *question) answered(m *model, a answered) bool {
	if q.asked {
		m.dialog = nil
	}
	return false
}

func (q *question) draw(m *model, c *canvas) {
	x, y, w := c.window(q.title, 52, len(q.lines)+2)
	for i, l := range q.lines {
		c.fit(x, y+i, w, plain, l)
	}
	y += len(q.lines) + 1
	x = c.text(x, y, accent, "enter ")
	x = c.text(x, y, bold, q.yes+"    ")
	x = c.text(x, y, accent, "esc ")
	c.text(x, y, dim, "leave it")
}
