package tui

import (
	"fmt"
	"slices"
	"strings"
)

// logView shows what was told, the clients' events too.
func logView(v *scene, b box) []place {
	return []place{{name: "log", x: b.x, y: b.y, w: b.w, h: b.h, draw: (*scene).logPanel}}
}

// found returns the lines that the filter lets through, and how many of them come before the end of what is shown: all, unless it was gone back.
func (v *scene) found() (all []line, end int) {
	if all = v.lines; v.find != "" {
		all = nil
		for _, l := range v.lines {
			if strings.Contains(strings.ToLower(l.text+" "+string(l.kind)), strings.ToLower(v.find)) {
				all = append(all, l)
			}
		}
	}
	if v.until == 0 {
		return all, len(all)
	}
	if end = slices.IndexFunc(all, func(l line) bool { return l.n > v.until }); end < 0 {
		end = len(all)
	}
	return all, end
}

// goBack shows so many lines earlier; what comes meanwhile moves nothing, until the newest is reached again.
func (v *scene) goBack(n int) {
	all, end := v.found()
	if end = max(end-n, 1); end >= len(all) {
		v.until = 0
		return
	}
	v.until = all[end-1].n
}

func (v *scene) logPanel(w, h int) *canvas {
	shown, end := v.found()
	last := max(end, min(len(shown), h-1))
	first := max(0, last-(h-1))
	var infos []string
	if v.find != "" {
		infos = append(infos, "only with: "+v.find)
	}
	if newer := len(shown) - last; newer > 0 {
		infos = append(infos, fmt.Sprintf("%d newer below", newer))
	}
	c := v.panel(w, h, "Log", strings.Join(infos, ", "))
	if len(shown) == 0 {
		c.wait("no such line")
	}
	for i, l := range shown[first:last] {
		l.write(c, 2, 1+i)
	}
	return c
}
