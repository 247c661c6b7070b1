package report

import (
	"strings"
	"time"
)

// String prints a figure as people write it: "9.6s", "> 32s", "unknown".
func (f Figure) String() string {
	switch {
	case f.Censored:
		return "> " + Human(f.Value)
	case f.Known:
		return Human(f.Value)
	}
	return "unknown"
}

// KnownFigure is a figure with a value.
func KnownFigure(d time.Duration) Figure { return Figure{Value: d, Known: true} }

// CensoredFigure is a figure of which only a lower bound is known.
func CensoredFigure(d time.Duration) Figure { return Figure{Value: d, Censored: true} }

// UnknownFigure is a figure without a value.
func UnknownFigure(why string) Figure { return Figure{Why: strings.TrimSuffix(why, ".")} }
