package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"
)

// byteText writes a number of bytes for people, in powers of 1000.
func byteText(n uint64) string {
	if n < 1000 {
		return strconv.FormatUint(n, 10) + " B"
	}
	value, units := float64(n)/1000, "kMGTPE"
	for value >= 999.5 && len(units) > 1 {
		value, units = value/1000, units[1:]
	}
	digits := 0
	if value < 9.95 {
		digits = 1
	}
	return fmt.Sprintf("%.*f %cB", digits, value, units[0])
}

// timeText writes a duration for people, in two or three digits.
func timeText(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days", int(d.Hours())/24)
}

// countText writes "1 file", "2 files", "12,345 files".
func countText[N int | uint64 | int64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return numberText(n) + " " + one + "s"
}

// numberText groups digits by thousands.
func numberText[N int | uint64 | int64](n N) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// columns is how many columns of a terminal s takes.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
		return 2
	}
	return 1
}

// fit cuts s to at most room columns. What is cut is the front, as the end of
// a path tells most.
func fit(s string, room int) string {
	if columns(s) <= room {
		return s
	}
	if room < 1 {
		return ""
	}
	runes := []rune(s)
	used, i := 1, len(runes)
	for i > 0 && used+runeColumns(runes[i-1]) <= room {
		i--
		used += runeColumns(runes[i])
	}
	return "…" + string(runes[i:])
}

// fitStart cuts s to at most room columns, at its end.
func fitStart(s string, room int) string {
	if columns(s) <= room {
		return s
	}
	used := 1
	for i, r := range s {
		if used += runeColumns(r); used > room {
			return s[:i] + "…"
		}
	}
	return s
}

// fitMiddle cuts s to at most room columns, in its middle: both ends of a name
// tell something.
func fitMiddle(s string, room int) string {
	if columns(s) <= room {
		return s
	}
	if room < 3 {
		return fitStart(s, max(room, 1))
	}
	start := fitStart(s, (room+1)/2) // ends in the mark of the cut
	return start + strings.TrimPrefix(fit(s, room-columns(start)+1), "…")
}

// pad fills s with blanks to width columns: before it where right is set.
func pad(s string, width int, right bool) string {
	blanks := strings.Repeat(" ", max(0, width-columns(s)))
	if right {
		return blanks + s
	}
	return s + blanks
}
