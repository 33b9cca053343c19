package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// halfway is a bar that got 1 MB a second of late, after a slow start.
func halfway(name string) (*bar, time.Time) {
	b := &bar{text: func() barText { return barText{name: name} }}
	start := time.Unix(1_000_000, 0)
	b.speed.add(start, 0)
	for i := range 11 {
		b.speed.add(start.Add(time.Duration(100+i)*time.Second), uint64(i)*1_000_000)
	}
	b.done, b.total = 10_000_000, 20_000_000
	return b, start.Add(110 * time.Second)
}

func TestBarFitsEveryWidth(t *testing.T) {
	const name = "Johann Strauss - An der schönen blauen Donau, live in Wien.flac"
	tests := map[int][]string{
		120: {"Donau", "━", "10 MB of 20 MB", "10 s left", "1.0 MB/s"},
		80:  {"━", "10 MB of 20 MB", "10 s left"},
		50:  {"Johan", ".flac", "10 MB of 20 MB"},
		30:  {"Joha", "10 MB of 20 MB"},
		12:  {"Joh", "…"},
	}
	b, now := halfway(name)
	for width, want := range tests {
		line := b.line(width, now)
		for _, w := range want {
			if !strings.Contains(line, w) {
				t.Errorf("width %d: no %q in %q", width, w, line)
			}
		}
	}
	for width := 1; width < 200; width++ {
		for _, state := range []string{"", "source lost, searching again"} {
			b.text = func() barText { return barText{name: name, state: state} }
			if line := b.line(width, now); columns(line) > width || strings.Contains(line, "\n") {
				t.Errorf("width %d: %d columns: %q", width, columns(line), line)
			}
		}
	}
}

func TestBarTellsItsState(t *testing.T) {
	b, now := halfway("x")
	b.text = func() barText { return barText{name: "x", state: "source lost, searching again"} }
	if got := b.line(80, now); got != "x           "+gap+"source lost, searching again, 10 MB of 20 MB" {
		t.Errorf("%q", got)
	}
	b.set(0, 20_000_000)
	if got := b.line(80, now); strings.Contains(got, "0 B") {
		t.Errorf("nothing of it is there: %q", got)
	}
}

func TestSpeedIsTheRecentOne(t *testing.T) {
	var s speed
	start := time.Unix(1_000_000, 0)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	if s.add(start, 0); s.rate(at(5)) != 0 {
		t.Error("one sample has a rate")
	}
	for i := range 1000 { // ten times a second, slow at first
		done := uint64(i) * 10
		if i > 500 {
			done = 5000 + uint64(i-500)*1000
		}
		s.add(at(float64(i)/10), done)
	}
	if got := s.rate(at(99.9)); got < 9_500 || got > 10_500 {
		t.Errorf("rate %f", got)
	}
	if n := len(s.samples); n > 110 {
		t.Errorf("%d samples are kept", n)
	}
	if got := s.rate(at(999)); got > 200 {
		t.Errorf("nothing comes any more: %f", got)
	}
	if s.add(at(1000), 5); s.rate(at(1002)) != 0 || len(s.samples) != 1 {
		t.Error("a new start counts from what was before")
	}
}

func TestFitMiddle(t *testing.T) {
	for room, want := range map[int]string{20: "blue danube.flac", 16: "blue danube.flac", 9: "blue…flac", 3: "b…c", 1: "…"} {
		got := fitMiddle("blue danube.flac", room)
		if got != want || columns(got) > room {
			t.Errorf("room %d: %q, want %q", room, got, want)
		}
	}
}

func TestFramesBeginInTheFirstColumn(t *testing.T) {
	var b bytes.Buffer
	n, err := frames{&b}.Write([]byte("line\n"))
	if n != 5 || err != nil || b.String() != "\rline\n" {
		t.Errorf("%d, %v, %q", n, err, b.String())
	}
}

// TestBarOfDownload: sources and copies stand where there is room for a bar beside
// them, how many sources deliver also in 79 columns; each line has its columns where the others have theirs.
func TestBarOfDownload(t *testing.T) {
	b, now := halfway("danube.flac")
	b.text = func() barText { return barText{name: "danube.flac", flow: &flow{2_000_000, 5000, 3, 5, 1.84}} }
	for width := 79; width < 130; width++ {
		line := b.line(width, now)
		if !strings.HasPrefix(line, "danube.flac ") || !strings.Contains(line, "10 MB of 20 MB") || !strings.Contains(line, "5 s left") ||
			!strings.Contains(line, "2.0 MB/s") || !strings.Contains(line, "━") {
			t.Errorf("width %d: %q", width, line)
		}
		if strings.HasSuffix(line, "from 3") != (width < 86) {
			t.Errorf("width %d: %q", width, line)
		}
		if strings.Contains(line, "3 of 5 sources") != (width >= 86) || strings.Contains(line, "1.8 copies") != (width >= 99) {
			t.Errorf("width %d: %q", width, line)
		}
	}
	b.text = func() barText { return barText{name: "2 of 5 files", flow: &flow{}} }
	other := b.line(119, now)
	if !strings.Contains(other, "10 MB of") || strings.Contains(other, "left") || strings.Contains(other, "/s") {
		t.Errorf("nothing is known of it: %q", other)
	}
}

func TestTotalOfDownloads(t *testing.T) {
	all := newTotal([]wanted{{size: 100}, {size: 300}, {}})
	all.set(0, servent.GetProgress{Done: 50, Total: 100, Rate: 10, Active: 1, Sources: 2})
	all.set(1, servent.GetProgress{Done: 100, Rate: 10, Active: 2, Sources: 3})
	if f := all.barText().flow; f.rate != 20 || f.active != 3 || f.sources != 5 || f.left != 0 {
		t.Errorf("the size of one is not known: %+v", f)
	}
	all.set(2, servent.GetProgress{Done: 50, Total: 100, Rate: 10})
	if f := all.barText().flow; f.rate != 30 || f.left != 10_000 {
		t.Errorf("all sizes are known: %+v", f)
	}
	all.ended(0, nil)
	all.ended(1, servent.ErrNoSource)
	if f := all.barText().flow; f.rate != 10 || f.active != 0 || f.sources != 0 {
		t.Errorf("two have ended: %+v", f)
	}
	if got := all.text(); got != "1 of 3 files · 200 B of 500 B" {
		t.Errorf("%q", got)
	}
}
