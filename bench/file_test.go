package bench_test

import (
	"os"
	"strings"
)

const resultsFile = "RESULTS.md"

const preface = `# What squall's engine costs

Written by ` + "`make bench`" + `. Ratios compare two sides of one run on one machine; the other figures depend on the machine and on what else it did.

`

// file puts the section that was measured in its place in RESULTS.md and leaves the others as they are.
func (b *bench) file(title string) error {
	old, err := os.ReadFile(resultsFile)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	there := map[string]string{}
	for _, text := range strings.Split(string(old), "\n## ")[1:] {
		name, _, _ := strings.Cut(text, "\n")
		there[name] = "## " + strings.TrimSpace(text) + "\n"
	}
	there[title] = strings.TrimSpace(b.String()) + "\n"
	page := preface + machine() + "\n"
	for _, s := range sections {
		if text := there[s.title]; text != "" {
			page += "\n" + text
		}
	}
	return os.WriteFile(resultsFile, []byte(page), 0o644)
}
