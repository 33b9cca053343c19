//go:build race

package study

const racing = true // under the race detector, which makes all ten times as slow
