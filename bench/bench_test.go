package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test's program be the servers, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		_, serves := servers()[os.Args[1]]
		if _, works := workers()[os.Args[1]]; serves || works {
			main()
			return
		}
	}
	os.Exit(m.Run())
}

func TestCompare(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.json")
	c, err := parseConfig([]string{"-messages", "3000", "-rounds", "1", "-json", file})
	if err != nil {
		t.Fatal(err)
	}
	var progress, table bytes.Buffer
	r, err := compare(t.Context(), c, &progress)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		pattern                string
		deliveries, duplicates int
	}{{"1 to 10", 30000, 300}, {"1 to 1", 3000, 0}} {
		got := r.Results[i]
		if got.Pattern != want.pattern || got.Ratio.Median <= 0 {
			t.Errorf("result %d is %q with ratio %v, want %q and over 0", i, got.Pattern, got.Ratio, want.pattern)
		}
		checkSample(t, got.Servent[0], want.deliveries, want.duplicates)
		checkSample(t, got.NATS[0], want.deliveries, 0)
	}
	if err := r.print(&table); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(table.String(), "\n"); n != 6 {
		t.Errorf("the table has %d lines, want 6:\n%s", n, table.String())
	}
	if err := r.save(file); err != nil {
		t.Fatal(err)
	}
	checkJSON(t, file, c)
}

func checkSample(t *testing.T, s sample, deliveries, duplicates int) {
	t.Helper()
	if s.Deliveries != deliveries || s.Duplicates != uint64(duplicates) {
		t.Errorf("%d deliveries, %d duplicates; want %d and %d", s.Deliveries, s.Duplicates, deliveries, duplicates)
	}
	if s.CPU <= 0 || s.Wall <= 0 {
		t.Errorf("took %v of processor time in %v, want more than nothing", s.CPU, s.Wall)
	}
}

func checkJSON(t *testing.T, file string, c config) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var back report
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if len(back.Results) != len(patterns()) || back.Config.Messages != c.Messages {
		t.Errorf("the file tells of %d patterns and %d messages, want %d and %d",
			len(back.Results), back.Config.Messages, len(patterns()), c.Messages)
	}
}

// TestMessageSizes makes sure that both servers deliver as many bytes.
func TestMessageSizes(t *testing.T) {
	for name, s := range map[string]stream{"queries": queries(), "hits": hits(), "publications": publications()} {
		if n := len(s.got.bytes); n != messageSize {
			t.Errorf("%s arrive with %d bytes, want %d", name, n, messageSize)
		}
		if n := len(s.sent.bytes); n > messageSize || n < messageSize-2 {
			t.Errorf("%s leave with %d bytes, want %d or two less", name, n, messageSize)
		}
	}
}

// TestFlowNotices relays messages by hand and damages one: a flow must not
// end well then.
func TestFlowNotices(t *testing.T) {
	tests := []struct {
		name   string
		damage func(b []byte) []byte // of message 700
		want   string                // in the error; empty: none
	}{
		{"nothing", func(b []byte) []byte { return b }, ""},
		{"loss", func([]byte) []byte { return nil }, "message 700 arrived as"},
		{"repetition", func(b []byte) []byte { return append(b, b...) }, "message 701 arrived as"},
		{"another number", func(b []byte) []byte { b[3]++; return b }, "message 700 arrived as"},
		{"another payload", func(b []byte) []byte { b[99]++; return b }, "message 700 arrived as"},
		{"the end", nil, "receive message 700: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, relayIn := net.Pipe()
			relayOut, out := net.Pipe()
			s := queries()
			s.got = s.sent // the relay below patches nothing
			f := newFlow(s, chunk, in, []*receiver{{conn: out}})
			relayed := make(chan struct{})
			go func() { defer close(relayed); relay(relayIn, relayOut, tt.damage) }()
			err := f.run(t.Context(), 1000)
			f.close()
			<-relayed
			if got := fmt.Sprint(err); tt.want == "" && err != nil || !strings.Contains(got, tt.want) {
				t.Errorf("error %q, want one with %q", got, tt.want)
			}
		})
	}
}

func relay(in, out net.Conn, damage func([]byte) []byte) {
	defer out.Close()
	b := make([]byte, messageSize)
	for i := 0; ; i++ {
		for have := 0; have < len(b); {
			n, err := in.Read(b[have:])
			if err != nil {
				return
			}
			have += n
		}
		msg := b
		if i == 700 {
			if damage == nil {
				return
			}
			msg = damage(b[:len(b):len(b)])
		}
		if _, err := out.Write(msg); err != nil {
			return
		}
	}
}

// TestFlowEnds makes sure that a flow which cannot go on ends with its context.
func TestFlowEnds(t *testing.T) {
	in, _ := net.Pipe()
	out, _ := net.Pipe()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	f := newFlow(queries(), chunk, in, []*receiver{{conn: out}})
	if err := f.run(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestParseConfig(t *testing.T) {
	for _, bad := range [][]string{
		{"-messages", "0"}, {"-rounds", "0"}, {"-window", "255"}, {"-window", "5243"}, {"-repeat", "-1"}, {"extra"}, {"-what"},
	} {
		if _, err := parseConfig(bad); err == nil {
			t.Errorf("%v is taken, want an error", bad)
		}
	}
}

func TestSpread(t *testing.T) {
	if got, want := spreadOf([]float64{3, 1, 2}), (spread{1, 2, 3}); got != want {
		t.Errorf("spread %v, want %v", got, want)
	}
	if got, want := spreadOf([]float64{4, 1}), (spread{1, 2.5, 4}); got != want {
		t.Errorf("spread %v, want %v", got, want)
	}
}
