// Package capacity makes many runs of one scenario at different rates and says which is the highest at which everything that the scenario expects still
// holds: with every broker, with one down, while that one catches up. It decides which rate is tried next and what a run of it is worth; it knows neither brokers
// nor testbeds, and whoever calls it runs a scenario for it.
package capacity
