package tui

import (
	"image/color"

	"github.com/charmbracelet/x/ansi"
)

// A style is how a cell looks. What it says is said by its sign or word, too: without colours nothing is lost.
type style uint8

const (
	plain style = iota
	dim
	bold
	frame // lines between panels
	title
	good
	bad
	caution
	accent
	marked // the cursor, and what is selected
	due
	acked
	delivered
	shade // while a fault is on
	fast  // p50
	slow  // p99
	worse // max
	heat0 // the least of heatStyles
	heat1
	heat2
	heat3
	heat4
	heat5
	styles
)

// heatStyles is how many styles there are from heat0 on.
const heatStyles = int(heat5-heat0) + 1

// A theme is what the terminal is told to make a style of it.
type theme [styles]string

const (
	reset = "\x1b[m"
	// heatSteps are the colours from few to many.
	_ = heatStyles
)

// hues are the foreground colours, on a light and on a dark background.
var hues = map[style][2]uint32{
	dim: {0x767676, 0x7f858d}, frame: {0xb4b8bd, 0x4a5058}, title: {0x1c1c1c, 0xe6e6e6}, good: {0x1a7f37, 0x56d364}, bad: {0xcf222e, 0xff6b6b},
	caution: {0x9a6700, 0xe3b341}, accent: {0x0969da, 0x6cb6ff}, due: {0x8c8c8c, 0x8b949e}, acked: {0x1a7f37, 0x3fb950}, delivered: {0x0969da, 0x58a6ff},
	shade: {0xd9a0a0, 0x6e3b3b}, fast: {0x1a7f37, 0x3fb950}, slow: {0x9a6700, 0xe3b341}, worse: {0xcf222e, 0xff7b72},
	heat0: {0xc6d8ec, 0x1f3a5f}, heat1: {0x8fb8de, 0x2f5d8c}, heat2: {0x5a97c9, 0x3f86b5}, heat3: {0xd0a000, 0x7fb069}, heat4: {0xd9730d, 0xe6b450}, heat5: {0xcf222e, 0xff6b6b},
}

// newTheme returns the theme for a dark or a light background. The renderer makes less of the colours where the terminal has less.
func newTheme(dark bool) theme {
	var t theme
	for s := range styles {
		var a ansi.Style
		switch s {
		case bold, title, bad, acked:
			a = a.Bold()
		case marked:
			a = a.Reverse(true)
		}
		if hue, ok := hues[s]; ok {
			of := hue[0]
			if dark {
				of = hue[1]
			}
			a = a.ForegroundColor(color.RGBA{R: uint8(of >> 16), G: uint8(of >> 8), B: uint8(of), A: 0xff})
		}
		if len(a) > 0 {
			t[s] = a.String()
		}
	}
	return t
}
