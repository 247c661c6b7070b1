package host

import "syscall"

// FreeDisk returns the bytes that are free for this user where a file lies; nil: that is not known.
func FreeDisk(path string) *int64 {
	var s syscall.Statfs_t
	if syscall.Statfs(path, &s) != nil {
		return nil
	}
	return new(int64(s.Bavail) * int64(s.Bsize))
}

// openFiles returns how many files this process may have open: Go raises the limit to what is allowed when it starts.
func openFiles() *int64 {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return nil
	}
	return new(int64(min(l.Cur, 1<<40)))
}

// unsynchronous is the kernel's mark of a clock that follows no other (STA_UNSYNC in timex.h).
const unsynchronous = 0x40

// synchronous reports whether the wall clock follows a time server's; nil: that is not known.
func synchronous() *bool {
	var t syscall.Timex // no modes: nothing is changed
	if _, err := syscall.Adjtimex(&t); err != nil {
		return nil
	}
	return new(t.Status&unsynchronous == 0)
}
