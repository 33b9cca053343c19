package servent

// diskFree is not asked for here.
func diskFree(string) uint64 { return unknownAmount }

// descriptorsFree is not bounded here.
func descriptorsFree() int { return 1 << 20 }
