package main

import (
	"testing"
	"time"
)

func TestByteText(t *testing.T) {
	tests := map[uint64]string{
		0: "0 B", 1: "1 B", 999: "999 B", 1000: "1.0 kB", 9949: "9.9 kB", 9950: "10 kB", 131_179: "131 kB",
		999_499: "999 kB", 999_500: "1.0 MB", 9_940_000: "9.9 MB", 60_000_000: "60 MB", 4_300_000_000: "4.3 GB",
		1 << 40: "1.1 TB", 1<<64 - 1: "18 EB",
	}
	for n, want := range tests {
		if got := byteText(n); got != want {
			t.Errorf("byteText(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestTimeText(t *testing.T) {
	tests := map[time.Duration]string{
		0: "<1 ms", time.Microsecond: "<1 ms", time.Millisecond: "1 ms", 999 * time.Millisecond: "999 ms", time.Second: "1.0 s",
		9900 * time.Millisecond: "9.9 s", 42 * time.Second: "42 s", 61 * time.Second: "1 min 1 s",
		90 * time.Minute: "1 h 30 min", 47 * time.Hour: "47 h 0 min", 50 * time.Hour: "2 days",
	}
	for d, want := range tests {
		if got := timeText(d); got != want {
			t.Errorf("timeText(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestNumberText(t *testing.T) {
	tests := map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"}
	for n, want := range tests {
		if got := numberText(n); got != want {
			t.Errorf("numberText(%d) = %q, want %q", n, got, want)
		}
	}
	if one, two := countText(1, "file"), countText(2000, "file"); one != "1 file" || two != "2,000 files" {
		t.Errorf("countText: %q, %q", one, two)
	}
}

func TestFit(t *testing.T) {
	tests := []struct {
		text       string
		room       int
		end, start string // what fit and fitStart leave
	}{
		{"net/http/server.go", 18, "net/http/server.go", "net/http/server.go"},
		{"net/http/server.go", 17, "…t/http/server.go", "net/http/server.…"},
		{"net/http/server.go", 10, "…server.go", "net/http/…"},
		{"abc", 1, "…", "…"},
		{"日本語", 6, "日本語", "日本語"},
		{"日本語", 5, "…本語", "日本…"},
		{"日本語", 4, "…語", "日…"},
		{"e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301", "e\u0301e\u0301e\u0301"},
	}
	for _, tt := range tests {
		if got := fit(tt.text, tt.room); got != tt.end || columns(got) > tt.room {
			t.Errorf("fit(%q, %d) = %q, want %q", tt.text, tt.room, got, tt.end)
		}
		if got := fitStart(tt.text, tt.room); got != tt.start || columns(got) > tt.room {
			t.Errorf("fitStart(%q, %d) = %q, want %q", tt.text, tt.room, got, tt.start)
		}
	}
}

func TestTable(t *testing.T) {
	rows := [][]string{{"1", "file", "net/http/server.go"}, {"12", "本", "x"}}
	cols := []column{{title: "#", right: true}, {title: "KIND", width: 5}, {title: "NAME"}}
	tests := map[int]string{
		0:  " #  KIND   NAME\n 1  file   net/http/server.go\n12  本     x\n",
		22: " #  KIND   NAME\n 1  file   …/server.go\n12  本     x\n",
		1:  " #  KIND   NAME\n 1  file   …rver.go\n12  本     x\n", // no terminal is that narrow
	}
	for room, want := range tests {
		if got := newTable(room, cols, rows...).all(rows); got != want {
			t.Errorf("room %d:\n%s\nwant:\n%s", room, got, want)
		}
	}
}
