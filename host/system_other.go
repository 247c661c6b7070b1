//go:build !linux

package host

// FreeDisk is not known here.
func FreeDisk(string) *int64 { return nil }

func openFiles() *int64 { return nil }

func synchronous() *bool { return nil }
