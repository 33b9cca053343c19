package report

import (
	"math"
	"strconv"
	"strings"
)

// digits is how many digits of a figure are written to files: enough for any
// plot, and too few to show in which order a machine has summed.
const digits = 6

// sixDigits writes v for programs.
func sixDigits(v float64) string { return strconv.FormatFloat(v+0, 'g', digits, 64) }

// rounded is v as [sixDigits] writes it.
func rounded(v float64) float64 {
	r, _ := strconv.ParseFloat(sixDigits(v), 64) // no float is so large that this rounds up to infinity
	return r
}

// nothing stands in pages for a figure that is not there.
const nothing = "–"

// human writes v for people, in four digits and with thousands parted.
func human(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v):
		return nothing
	case math.IsInf(v, 0):
		return strings.TrimPrefix(strings.Replace(strconv.FormatFloat(v, 'g', -1, 64), "Inf", "∞", 1), "+")
	case a != 0 && a < 1e-4 || a >= 1e15:
		return power(v)
	case a >= 1000:
		return group(strconv.FormatFloat(v, 'f', 0, 64))
	default:
		return group(strconv.FormatFloat(v+0, 'f', decimals(v), 64))
	}
}

// power writes v as 1.5×10⁻⁷.
func power(v float64) string {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 3, 64), "e")
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	sign := strings.TrimPrefix(exponent[:1], "+")
	small := strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴",
		"5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹")
	return mantissa + "×10" + small.Replace(sign+strings.TrimLeft(exponent[1:], "0"))
}

// decimals is how many digits of v behind the point make four in all, without
// zeros at the end.
func decimals(v float64) int {
	if v == 0 || math.Abs(v) >= 1000 || math.IsNaN(v) {
		return 0
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 3, 64), "e")
	_, fraction, _ := strings.Cut(strings.TrimRight(mantissa, "0"), ".")
	e, err := strconv.Atoi(exponent)
	if err != nil {
		return 0
	}
	return max(0, len(fraction)-e)
}

// group parts the thousands of a written number.
func group(s string) string {
	end := len(s)
	if i := strings.IndexByte(s, '.'); i >= 0 {
		end = i
	}
	for i := end - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
