package tui

import "strings"

// logView shows what was told, the clients' events too.
func logView(v *scene, b box) []place {
	return []place{{name: "log", x: b.x, y: b.y, w: b.w, h: b.h, draw: (*scene).logPanel}}
}

func (v *scene) logPanel(w, h int) *canvas {
	shown := v.lines
	info := ""
	if v.find != "" {
		shown = nil
		for _, l := range v.lines {
			if strings.Contains(strings.ToLower(l.text+" "+string(l.kind)), strings.ToLower(v.find)) {
				shown = append(shown, l)
			}
		}
		info = "only with: " + v.find
	}
	c := v.panel(w, h, "Log", info)
	if len(shown) == 0 {
		c.wait("no such line")
	}
	last := max(len(shown)-v.back, min(len(shown), h-1))
	first := max(0, last-(h-1))
	for i, l := range shown[first:last] {
		l.write(c, 2, 1+i)
	}
	return c
}
