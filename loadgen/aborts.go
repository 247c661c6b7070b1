package loadgen

// Aborts draws which transactions of sender number shard are to be aborted on purpose, of which it is that share, from 0 to 1. What it returns is asked once
// for each transaction, one after the other.
func Aborts(base uint64, shard int, share float64) func() bool {
	chance := stream(base, "abort", shard)
	return func() bool { return chance.Float64() < share }
}
