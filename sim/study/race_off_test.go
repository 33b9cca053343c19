//go:build !race

package study

const racing = false
