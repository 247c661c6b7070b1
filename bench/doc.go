// Package bench measures what squall's load engine costs beside the bare client library, on the same broker and with the same settings, as ratios of
// one run, and beside kafka-producer-perf-test on a real broker, and what a run costs that is shown on a terminal beside one that is not. It holds no
// code that squall uses and judges nothing: `make bench` writes what this machine gives to RESULTS.md.
package bench
