package servent

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// TestClock: the middle one of the witnesses tells how wrong the clock is; one alone,
// or some that do not agree, cannot find it wrong.
func TestClock(t *testing.T) {
	const minute = time.Minute
	for _, tt := range []struct {
		name string
		offs []time.Duration // of this clock against each witness
		want ClockInfo
	}{
		{"nobody", nil, ClockInfo{"unknown", 0, 0, 0}},
		{"one who agrees", []time.Duration{3 * time.Second}, ClockInfo{"right", 3, 1, 1}},
		{"one who does not", []time.Duration{6 * minute}, ClockInfo{"unknown", 360, 1, 1}},
		{"two, at the limit", []time.Duration{5 * minute, 5 * minute}, ClockInfo{"right", 300, 2, 2}},
		{"two, past it", []time.Duration{301 * time.Second, 301 * time.Second}, ClockInfo{"wrong", 301, 2, 2}},
		{"two, slow", []time.Duration{-time.Hour, -time.Hour - 32*time.Second}, ClockInfo{"wrong", -3632, 2, 2}},
		{"two that differ", []time.Duration{time.Hour, time.Hour + 33*time.Second}, ClockInfo{"unknown", 3600, 2, 1}},
		{"a liar among three", []time.Duration{time.Hour, 0, time.Second}, ClockInfo{"right", 1, 3, 2}},
		{"one right among three", []time.Duration{time.Hour, 0, time.Hour}, ClockInfo{"wrong", 3600, 3, 2}},
		{"no two of four", []time.Duration{time.Hour, 0, -time.Hour, 2 * time.Hour}, ClockInfo{"unknown", 0, 4, 1}},
	} {
		var c clock
		for i, off := range tt.offs {
			c.hear(noon, string(rune('a'+i)), noon.Add(-off).Format(http.TimeFormat))
		}
		if got := c.info(); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// TestClockWitnesses: each counts once, with what it has said last; the eldest makes
// room; what is no date is passed over.
func TestClockWitnesses(t *testing.T) {
	var c clock
	for _, bad := range []string{"", "now", "2026-11-22", strings.Repeat(" ", maxDate) + noon.Format(http.TimeFormat)} {
		c.hear(noon, "a", bad)
	}
	if got := c.info(); got.Witnesses != 0 {
		t.Errorf("%+v", got)
	}
	c.hear(noon, "a", noon.Add(-time.Hour).Format(http.TimeFormat))
	c.hear(noon, "a", noon.Format(http.TimeFormat))
	if got := c.info(); got != (ClockInfo{"right", 0, 1, 1}) {
		t.Errorf("%+v", got)
	}
	for i := range maxWitnesses {
		c.hear(noon, string(rune('b'+i)), noon.Add(time.Hour).Format(http.TimeFormat))
	}
	if got := c.info(); got != (ClockInfo{"wrong", -3600, maxWitnesses, maxWitnesses}) {
		t.Errorf("%+v", got)
	}
}
