package tui

import (
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// A field is one line of text that is being written.
type field struct{ input textinput.Model }

func newField() field {
	f := field{textinput.New()}
	f.input.KeyMap.Paste.SetEnabled(false) // the terminal's own pasting does it, and asks no other program
	_ = f.input.Focus()
	return f
}

func (f *field) text() string { return f.input.Value() }

func (f *field) set(text string) {
	f.input.SetValue(text)
	f.input.CursorEnd()
}

func (f *field) press(k tea.KeyPressMsg) { f.input, _ = f.input.Update(k) }

func (f *field) insert(text string) { f.input, _ = f.input.Update(tea.PasteMsg{Content: text}) }

// write shows the text with the cursor in it; what is too long is cut off on the left.
func (f *field) write(c *canvas, x, y, width int) {
	all := []rune(f.text())
	at := f.input.Position()
	first := max(0, at-width+1)
	for i := range width {
		r, look := ' ', accent
		if first+i < len(all) {
			r = all[first+i]
			if shown, ok := c.shown(r); ok {
				r = shown
			} else {
				r = '?'
			}
		}
		if first+i == at {
			look = marked
		}
		c.put(x+i, y, r, look)
	}
}
