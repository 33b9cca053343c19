//go:build natlab && linux

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// streamSize is the size of the files of TestNATLabStreams.
const streamSize = 128 << 20

// TestNATLabStreams: two behind port-restricted routers fetch from each other over QUIC,
// where their routers let no TCP through between the two, and over TCP, where they let no
// UDP through. It tells the rates, and what CPU both took together, by turns on one path.
func TestNATLabStreams(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("NATLAB_ROUNDS"))
	if err != nil {
		rounds = 1
	}
	l := newLab(t, "pr1", "pr2")
	l.supernodes(t)
	dir := t.TempDir()
	for n := range rounds {
		for _, way := range []string{"quic", "tcp"} {
			content := make([]byte, streamSize)
			r := rand.NewChaCha8([32]byte{byte(n), way[0]})
			_, _ = r.Read(content) // never fails
			writeFile(t, filepath.Join(dir, fmt.Sprintf("guava %s%d.bin", way, n)), string(content))
		}
	}
	shares, fetches := l.share(t, "pr1-h1", dir), l.share(t, "pr2-h1", t.TempDir())
	settle(t, []*labServent{shares, fetches})
	rates, costs := map[string][]float64{}, map[string][]float64{}
	for n := range rounds {
		for _, way := range []string{"quic", "tcp"} {
			idle(t, 25*time.Second) // a connection that is kept for the next download ends after 20 s
			l.without(t, map[string]string{"quic": "tcp", "tcp": "udp"}[way])
			before := shares.cpu(t) + fetches.cpu(t)
			got := fetches.fetch(t, fmt.Sprintf("%s%d", way, n))
			rate := float64(streamSize) / 1e6 / (float64(got.MS) / 1000)
			cost := (shares.cpu(t) + fetches.cpu(t) - before).Seconds() * (1 << 30) / streamSize
			t.Logf("%s: %.0f MB/s, %.2f CPU s a GiB", way, rate, cost)
			rates[way], costs[way] = append(rates[way], rate), append(costs[way], cost)
		}
	}
	mid := func(of []float64) float64 { return slices.Sorted(slices.Values(of))[len(of)/2] }
	t.Logf("medians: QUIC %.0f MB/s and %.2f CPU s a GiB, TCP %.0f and %.2f", mid(rates["quic"]), mid(costs["quic"]), mid(rates["tcp"]), mid(costs["tcp"]))
	if mid(rates["quic"]) < mid(rates["tcp"])/5 {
		t.Error("QUIC has less than a fifth of TCP's rate")
	}
}

// without has the routers of pr1 and pr2 let nothing of one transport through to each
// other.
func (l *natLab) without(t *testing.T, transport string) {
	t.Helper()
	for router, other := range map[string]string{"pr1-r": "203.0.113.106", "pr2-r": "203.0.113.105"} {
		rules := fmt.Sprintf("table ip cut {}; flush table ip cut; table ip cut { chain c { type filter hook forward priority -10; ip daddr %s meta l4proto %s drop; ip saddr %s meta l4proto %s drop; }; }",
			other, transport, other, transport)
		if out, err := l.at(router, "nft", rules).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

// cpu is the processor time that a servent has taken so far.
func (s *labServent) cpu(t *testing.T) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest) // from the third, state
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		t.Fatal(fields)
	}
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100 everywhere
}

// fetch gets a file that a search finds.
func (s *labServent) fetch(t *testing.T, words string) (got servent.Got) {
	t.Helper()
	if code, out, errOut := s.call(t, "search", "--json", "--limit", "1", "--timeout", "20s", words); code != 0 || !strings.Contains(out, words) {
		t.Fatalf("search: exit %d: %s%s", code, out, errOut)
	}
	code, out, errOut := s.call(t, "get", "--json", "--output", t.TempDir(), "1")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &got); code != 0 || err != nil || !got.Verified {
		t.Fatalf("get: exit %d, %v: %s%s\n%s", code, err, out, errOut, s.log)
	}
	return got
}
