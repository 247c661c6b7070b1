package broker

import "time"

// A Restarter is a Node whose process may give up its start because of something that passes, and that is then started again without being asked.
type Restarter interface {
	// Restarts returns every time that this was done, the first first.
	Restarts() []Restart
}

// A Restart is a process that gave up, and was started again.
type Restart struct {
	At  time.Time
	Why string // what the process itself said, in a line
}
