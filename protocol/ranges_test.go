package protocol

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParseRanges(t *testing.T) {
	tests := []struct {
		in   string
		want []Range // nil: an error
	}{
		{"bytes 0-10,20-30", []Range{{0, 11}, {20, 31}}},
		{" Bytes  20 - 30 ,\t0-10 , ", []Range{{0, 11}, {20, 31}}},
		{"bytes=5-5", []Range{{5, 6}}},
		{"bytes 0-9,10-19", []Range{{0, 20}}},
		{"bytes 0-9,11-19", []Range{{0, 10}, {11, 20}}},
		{"bytes 0-99,10-19,30-120", []Range{{0, 121}}},
		{"bytes 0-9223372036854775807", []Range{{0, 1 << 63}}},
		{"bytes", []Range{}},
		{"bytes 0-9223372036854775808", nil},
		{"bytes 7-6", nil},
		{"bytes -5", nil},
		{"bytes 5-", nil},
		{"bytes 0-10;20-30", nil},
		{"bytes 0-1,x", nil},
		{"bytes0-10", nil},
		{"lines 0-10", nil},
		{"0-10", nil},
		{"", nil},
	}
	for _, tt := range tests {
		got, err := ParseRanges(tt.in)
		if (err == nil) != (tt.want != nil) || !slices.Equal(got, tt.want) {
			t.Errorf("%q: %v, %v; want %v", tt.in, got, err, tt.want)
		}
	}
}

// TestRangesAtTheLimit reads as many as are read, and one more.
func TestRangesAtTheLimit(t *testing.T) {
	var ranges []Range
	for i := range uint64(MaxRanges + 1) {
		ranges = append(ranges, Range{3 * i, 3*i + 1})
	}
	s, all := AvailableRanges(ranges, math.MaxInt16)
	if got, err := ParseRanges(s); err != nil || !all || !slices.Equal(got, ranges[:MaxRanges]) {
		t.Errorf("%d ranges, %v, %v", len(got), all, err)
	}
	if got, err := ParseRanges(s + ",x"); err != nil || len(got) != MaxRanges {
		t.Errorf("what is left out is read: %d ranges, %v", len(got), err)
	}
}

func TestAvailableRanges(t *testing.T) {
	ranges := []Range{{0, 11}, {15, 15}, {20, 31}, {100, 201}}
	const whole = "bytes 0-10,20-30,100-200"
	for limit, want := range map[int]string{
		100: whole, len(whole): whole,
		len(whole) - 1: "bytes 0-10,20-30", 16: "bytes 0-10,20-30", 15: "bytes 0-10", 9: "bytes",
	} {
		if got, all := AvailableRanges(ranges, limit); got != want || all != (want == whole) {
			t.Errorf("limit %d: %q, %v; want %q", limit, got, all, want)
		}
	}
	if got := Available(ranges); got != "bytes 123" {
		t.Errorf("X-Available: %q", got)
	}
}

func FuzzRanges(f *testing.F) {
	f.Add("bytes 0-10,20-30")
	f.Add("bytes 0-9223372036854775807, 1-1" + strings.Repeat(",3-4", 9))
	f.Fuzz(func(t *testing.T, s string) {
		ranges, err := ParseRanges(s)
		if err != nil {
			return
		}
		for i, r := range ranges {
			if r.End <= r.First || i > 0 && r.First <= ranges[i-1].End {
				t.Fatalf("%v is not in order, or not apart", ranges)
			}
		}
		text, all := AvailableRanges(ranges, len(s)+64*len(ranges)+8)
		again, err := ParseRanges(text)
		if err != nil || !all || !reflect.DeepEqual(again, ranges) && len(ranges) > 0 {
			t.Errorf("%v became %v, %v", ranges, again, err)
		}
		for _, limit := range []int{8, len(text) / 2} {
			cut, _ := AvailableRanges(ranges, limit)
			part, err := ParseRanges(cut)
			if err != nil || len(cut) > max(limit, len("bytes")) || !slices.Equal(part, ranges[:len(part)]) {
				t.Errorf("%v was cut to %q, %v", ranges, cut, err)
			}
		}
	})
}
