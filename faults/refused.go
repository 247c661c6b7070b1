package faults

// refused are faults that people know from elsewhere and that squall does not have, each with why, and what comes near.
var refused = map[string]string{
	"throttle-disk": "a limit on a disk's throughput does not reach buffered writes, which is how brokers write, so it would do nothing; " +
		"write fill-disk for a disk that is full, limit-memory for little page cache, bandwidth or latency for a node that is slow to answer, " +
		"or pause for one that hangs",
}

// Refused returns why squall does not have a fault of that name, and which faults come near; false: nobody thought about it.
func Refused(name string) (why string, ok bool) {
	why, ok = refused[name]
	return why, ok
}
