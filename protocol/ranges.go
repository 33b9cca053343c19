package protocol

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Names of the headers that tell which parts of a file there are (section 20).
const (
	HeaderAvailableRanges = "X-Available-Ranges"
	HeaderAvailable       = "X-Available" // "bytes <n>": how many in all
	// HeaderClaims is ours: which parts a servent waits for that loads the file itself. It
	// is written as X-Available-Ranges is.
	HeaderClaims = "X-Srvt-Claims"
)

// MaxRanges is how many ranges are read from one X-Available-Ranges. What follows
// is left out, as whoever sends it may do.
const MaxRanges = 1024

const rangeUnit = "bytes"

// Range is a part of a file: the bytes from First on, up to but without End.
type Range struct{ First, End uint64 }

// Size returns the number of bytes in r.
func (r Range) Size() uint64 { return r.End - r.First }

// ParseRanges reads the value of X-Available-Ranges, "bytes 0-10,20-30", where the
// last byte of each is in it. It returns them in order, and as one what touches
// or overlaps.
func ParseRanges(s string) ([]Range, error) {
	s = strings.Trim(s, blanks)
	if len(s) < len(rangeUnit) || !strings.EqualFold(s[:len(rangeUnit)], rangeUnit) {
		return nil, &Error{Malformed, "ranges unit"}
	}
	s = s[len(rangeUnit):]
	if s != "" && !strings.ContainsAny(s[:1], blanks+"=") {
		return nil, &Error{Malformed, "ranges unit"}
	}
	var ranges []Range
	left := MaxRanges
	for part := range strings.SplitSeq(strings.TrimLeft(s, blanks+"="), ",") {
		if left--; left < 0 {
			break
		}
		if part = strings.Trim(part, blanks); part == "" {
			continue
		}
		r, err := parseRange(part)
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, r)
	}
	return MergeRanges(ranges), nil
}

// parseRange reads "20-30".
func parseRange(s string) (Range, error) {
	first, last, _ := strings.Cut(s, "-")
	from, err1 := strconv.ParseUint(strings.Trim(first, blanks), 10, 63)
	to, err2 := strconv.ParseUint(strings.Trim(last, blanks), 10, 63)
	if err1 != nil || err2 != nil || from > to {
		return Range{}, &Error{Malformed, "range"}
	}
	return Range{from, to + 1}, nil
}

// MergeRanges puts ranges in order, makes one of those that touch or overlap, and
// leaves out empty ones. It changes the slice that it is given and returns a part of it.
func MergeRanges(ranges []Range) []Range {
	slices.SortFunc(ranges, func(a, b Range) int { return cmp.Compare(a.First, b.First) })
	out := ranges[:0]
	for _, r := range ranges {
		switch n := len(out); {
		case r.End <= r.First:
		case n > 0 && r.First <= out[n-1].End:
			out[n-1].End = max(out[n-1].End, r.End)
		default:
			out = append(out, r)
		}
	}
	return out
}

// AvailableRanges returns the value of X-Available-Ranges, which tells as many of
// ranges as fit in limit bytes. all is false where it leaves some out: then
// X-Available must be told too.
func AvailableRanges(ranges []Range, limit int) (s string, all bool) {
	b := append(make([]byte, 0, limit), rangeUnit...)
	separator := byte(' ')
	for _, r := range ranges {
		if r.End <= r.First {
			continue
		}
		end := len(b)
		b = strconv.AppendUint(append(b, separator), r.First, 10)
		b = strconv.AppendUint(append(b, '-'), r.End-1, 10)
		if len(b) > limit {
			return string(b[:end]), false
		}
		separator = ','
	}
	return string(b), true
}

// Available returns the value of X-Available.
func Available(ranges []Range) string {
	n := uint64(0)
	for _, r := range ranges {
		n += r.Size()
	}
	return rangeUnit + " " + strconv.FormatUint(n, 10)
}
