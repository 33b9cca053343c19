package search

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// ParseSize reads a number of bytes as people write it: 700, 10MB, 1.5 GiB. KB,
// MB, GB and TB, or their first letters alone, are powers of 1000, KiB to TiB
// of 1024; case does not matter.
func ParseSize(s string) (uint64, error) {
	s = strings.TrimSpace(s)
	digits := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if digits < 0 {
		digits = len(s)
	}
	unit, ok := sizeUnit(strings.TrimSpace(s[digits:]))
	if !ok {
		return 0, badSize(s)
	}
	if n, err := strconv.ParseUint(s[:digits], 10, 64); err == nil {
		high, low := bits.Mul64(n, unit)
		if high != 0 {
			return 0, fmt.Errorf("size %q is out of range", s)
		}
		return low, nil
	}
	n, err := strconv.ParseFloat(s[:digits], 64)
	if err != nil {
		return 0, badSize(s)
	}
	if n *= float64(unit); n >= math.MaxUint64 {
		return 0, fmt.Errorf("size %q is out of range", s)
	}
	return uint64(math.Round(n)), nil
}

func badSize(s string) error {
	return fmt.Errorf("unknown size %q: write a number with B, KB, MB, GB, TB or KiB, MiB, GiB, TiB, as in 10MB", s)
}

// sizeUnit returns how many bytes a unit stands for.
func sizeUnit(s string) (uint64, bool) {
	switch strings.ToLower(s) {
	case "", "b":
		return 1, true
	case "k", "kb":
		return 1e3, true
	case "m", "mb":
		return 1e6, true
	case "g", "gb":
		return 1e9, true
	case "t", "tb":
		return 1e12, true
	case "kib":
		return 1 << 10, true
	case "mib":
		return 1 << 20, true
	case "gib":
		return 1 << 30, true
	case "tib":
		return 1 << 40, true
	}
	return 0, false
}
