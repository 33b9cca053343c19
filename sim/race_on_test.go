//go:build race

package sim

const racing = true // under the race detector, which makes all ten times as slow
