package study

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Value returns the parameter as it stands on a command line.
func (p Param) Value() string {
	switch {
	case p.Int != nil:
		return strconv.Itoa(*p.Int)
	case p.Float != nil:
		return strconv.FormatFloat(*p.Float, 'g', -1, 64)
	default:
		return *p.Text
	}
}

// Type is what the help calls the value: "int", "float" or "string".
func (p Param) Type() string {
	switch {
	case p.Int != nil:
		return "int"
	case p.Float != nil:
		return "float"
	default:
		return "string"
	}
}

// Set reads a value. What it may be is part of the error; the name is not.
func (p Param) Set(text string) error {
	switch {
	case p.Int != nil:
		n, err := strconv.Atoi(strings.ReplaceAll(text, "_", ""))
		if err != nil {
			return fmt.Errorf("%q is no whole number: write it as 1000 or 1_000", text)
		}
		if err := p.check(float64(n)); err != nil {
			return err
		}
		*p.Int = n
	case p.Float != nil:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) {
			return fmt.Errorf("%q is no number", text)
		}
		if err := p.check(f); err != nil {
			return err
		}
		*p.Float = f
	default:
		if len(p.Choices) > 0 && !slices.Contains(p.Choices, text) {
			return fmt.Errorf("%q is none of %s", text, strings.Join(p.Choices, ", "))
		}
		*p.Text = text
	}
	return nil
}

func (p Param) check(v float64) error {
	if p.Min == 0 && p.Max == 0 || v >= p.Min && v <= p.Max {
		return nil
	}
	plain := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	return fmt.Errorf("%s is out of range: from %s to %s", plain(v), plain(p.Min), plain(p.Max))
}

// Counts reads a list such as "1000,10000,100000", each from low to high and once.
func Counts(text string, low, high int) ([]int, error) {
	var out []int
	for _, field := range strings.Split(text, ",") {
		n := 0
		p := Param{Int: &n, Min: float64(low), Max: float64(high)}
		if err := p.Set(strings.TrimSpace(field)); err != nil {
			return nil, err
		}
		if slices.Contains(out, n) {
			return nil, fmt.Errorf("%d is there twice", n)
		}
		out = append(out, n)
	}
	return out, nil
}
