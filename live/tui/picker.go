package tui

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// A Choice is something that can be run.
type Choice struct {
	Name  string
	About string // what it proves
	Takes string // how long, in short
	Needs string // what has to be there, in short
}

// Pick shows choices until one is chosen, and returns its name; empty: its user left without.
func Pick(ctx context.Context, choices []Choice, o Options) (string, error) {
	p := newPicker(choices, o)
	if err := display(ctx, p, o); err != nil {
		return "", err
	}
	return p.picked, nil
}

// A picker is the state of choosing. What is typed narrows the list down.
type picker struct {
	all     []Choice
	shown   []Choice // of all, those that match
	options Options
	theme   theme
	filter  field
	w, h    int
	at      int // of shown
	picked  string
}

func newPicker(choices []Choice, o Options) *picker {
	return &picker{all: choices, shown: choices, options: o, theme: newTheme(true), filter: newField()}
}

// Init implements tea.Model.
func (p *picker) Init() tea.Cmd { return tea.RequestBackgroundColor }

// Update implements tea.Model.
func (p *picker) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		p.w, p.h = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		p.theme = newTheme(msg.IsDark())
	case tea.PasteMsg:
		p.filter.insert(msg.Content)
		p.narrow()
	case tea.KeyPressMsg:
		return p, p.pressed(msg)
	}
	return p, nil
}

func (p *picker) pressed(k tea.KeyPressMsg) tea.Cmd {
	page := max(p.rows()-1, 1)
	move := map[string]int{"up": -1, "down": 1, "pgup": -page, "pgdown": page, "home": -len(p.shown), "end": len(p.shown), "ctrl+p": -1, "ctrl+n": 1}
	switch key := k.String(); {
	case key == "ctrl+c", key == "esc" && p.filter.text() == "":
		return tea.Quit
	case key == "esc":
		p.filter.set("")
		p.narrow()
	case key == "enter":
		if p.at < len(p.shown) {
			p.picked = p.shown[p.at].Name
			return tea.Quit
		}
	case move[key] != 0:
		p.at = min(max(p.at+move[key], 0), max(len(p.shown)-1, 0))
	default:
		p.filter.press(k)
		p.narrow()
	}
	return nil
}

// narrow keeps what has every word of the filter in its name, its needs or what it is about.
func (p *picker) narrow() {
	p.shown, p.at = nil, 0
	for _, c := range p.all {
		text, whole := strings.ToLower(c.Name+" "+c.Needs+" "+c.About), true
		for _, word := range strings.Fields(strings.ToLower(p.filter.text())) {
			whole = whole && strings.Contains(text, word)
		}
		if whole {
			p.shown = append(p.shown, c)
		}
	}
}

// aboutLines is how many lines there are for what the choice is about.
const aboutLines = 5

// rows is how many choices there is room for.
func (p *picker) rows() int { return max(p.h-aboutLines-4, 1) }

// View implements tea.Model.
func (p *picker) View() tea.View {
	v := tea.NewView(p.screen().string(&p.theme))
	v.AltScreen, v.WindowTitle = true, "squall"
	return v
}

func (p *picker) screen() *canvas {
	c := newCanvas(p.w, p.h, p.options.ASCII)
	if c.tooSmall() {
		return c
	}
	x := c.text(1, 0, title, "squall")
	x = c.text(x+2, 0, accent, "what to run? ")
	p.filter.write(c, x, 0, min(30, p.w-x-14))
	c.right(p.w-1, 0, dim, fmt.Sprintf("%d of %d", len(p.shown), len(p.all)))
	c.horizontal(0, 1, p.w)
	p.list(c)
	bottom := p.h - aboutLines - 2
	c.horizontal(0, bottom, p.w)
	if p.at < len(p.shown) {
		lines := words(p.shown[p.at].About, p.w-4)
		for i, l := range lines[:min(len(lines), aboutLines)] {
			if i == aboutLines-1 && len(lines) > aboutLines {
				l += " …"
			}
			c.fit(2, bottom+1+i, p.w-4, plain, l)
		}
	}
	x = 2
	for _, h := range [][2]string{{"enter", "run it"}, {"up down", "choose"}, {"type", "to find"}, {"esc", "leave"}} {
		x = c.text(x, p.h-1, accent, h[0]+" ")
		x = c.text(x, p.h-1, dim, h[1]+"   ")
	}
	return c
}

// list draws the choices around the one that is looked at.
func (p *picker) list(c *canvas) {
	if len(p.shown) == 0 {
		c.fit(2, 3, p.w-4, dim, "no scenario is like that; esc shows all")
		return
	}
	name := 0
	for _, choice := range p.all {
		name = max(name, c.width(choice.Name))
	}
	name = min(name, p.w-26)
	first := min(max(p.at-p.rows()/2, 0), max(len(p.shown)-p.rows(), 0))
	for i, choice := range p.shown[first:min(first+p.rows(), len(p.shown))] {
		y, look := 2+i, plain
		if first+i == p.at {
			look = bold
			c.put(0, y, c.glyph('▶'), accent)
		}
		c.fit(2, y, name, look, choice.Name)
		c.right(name+10, y, dim, choice.Takes)
		c.fit(name+12, y, p.w-name-13, dim, choice.Needs)
	}
}

// words breaks a text between words, into lines of at most width runes; a word that is longer stands alone.
func words(text string, width int) (lines []string) {
	line := ""
	for _, w := range strings.Fields(text) {
		switch {
		case line == "":
			line = w
		case len([]rune(line))+1+len([]rune(w)) > width:
			lines, line = append(lines, line), w
		default:
			line += " " + w
		}
	}
	return append(lines, line)
}
