// Package exact has what simulations rest on so that equal seeds give equal
// bytes on every machine: powers and logarithms whose last digit does not depend
// on the processor, random numbers that belong to a thing rather than to a
// moment, and an agenda that says what comes first of two at the same time.
//
// Elsewhere in the simulator a sum has no product that is not converted to
// float64, or processors that multiply and add at once would round it otherwise:
// `make same` finds those that have.
package exact
