//go:build !amd64 || purego

package tiger

const haveLanes = false

// compress64 is never called.
func compress64(*[3][64]uint64, *[8192]byte, *byte, uintptr, uintptr, uint64, *[64]byte) {}
