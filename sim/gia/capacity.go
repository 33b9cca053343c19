package gia

// Levels is the number of levels of capacity.
const Levels = 5

const classes = Levels

// Class is a level of capacity.
type Class struct {
	Capacity int32 // messages that a peer processes in a second
	PerMille int   // peers that have it
}

// Classes returns the paper's levels, ascending (table 1, after the bandwidths
// that Saroiu et al., MMCN 2002, measured). A level of 1 is a modem.
func Classes() [classes]Class {
	return [classes]Class{{1, 200}, {10, 450}, {100, 300}, {1000, 49}, {10000, 1}}
}

// Second is the unit of the simulator's time: capacities and rates are counted
// by it.
const Second int64 = 1e9

// most is the greatest capacity.
const most = 10000

// sizes splits n peers among the classes.
func sizes(n int) [classes]int {
	var out [classes]int
	sum, given := 0, 0
	for i, c := range Classes() {
		sum += c.PerMille
		out[i] = (n*sum+500)/1000 - given
		given += out[i]
	}
	return out
}

// Capacities returns the classes of n peers, as indices of [Classes]. They
// ascend, so peers of one class are numbered in a row: 2,000 of the lowest
// among 10,000.
func Capacities(n int) []uint8 {
	out := make([]uint8, 0, n)
	for class, size := range sizes(n) {
		for range size {
			out = append(out, uint8(class))
		}
	}
	return out
}
