package kafka

import (
	_ "embed" // the names
	"strings"
)

// settingNames are the names of all settings of the version of Kafka that runs where a scenario names no image, a line each: first the brokers', then the topics'.
//
//go:embed settings.txt
var settingNames string

// namesOf returns the names in one part of the file.
func namesOf(part int) (names []string) {
	for line := range strings.Lines(settingNames) {
		if strings.HasPrefix(line, "#") {
			part--
		} else if part == -1 {
			names = append(names, strings.TrimSpace(line))
		}
	}
	return names
}
