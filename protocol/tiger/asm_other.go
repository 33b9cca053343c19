//go:build !amd64 || purego

package tiger

const haveThree, haveLanes = false, false

// compress3 and compress64 are never called.
func compress3(*[3][3]uint64, *byte, uintptr) {}

func compress64(*[3][64]uint64, *[8192]byte, *byte, uintptr, uintptr, uint64, *[64]byte) {}
