//go:build loopback && unix

package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/base32"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fetched is a file that foreign programs fetch by N2R, over connections that are
// counted. It is sent so slowly that those of one program are open at the same time.
type fetched struct {
	content []byte
	wire    *tap
	url     string
}

func newFetched(t *testing.T) *fetched {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "noise.bin")
	f := &fetched{content: noiseOf(t, path, 8<<20+12345)}
	p := newHome(t).spawn(t, "share", "--json", "--connect-only", "--listen", "127.0.0.1:0", "--upload-rate", "8MB", dir)
	ready := object[readyLine](t, p.line(t, `"ready"`))
	f.wire = newTap(t, ready.Listen)
	sum := sha1.Sum(f.content)
	f.url = "http://" + f.wire.addr + "/uri-res/N2R?urn:sha1:" + base32.StdEncoding.EncodeToString(sum[:])
	return f
}

// foreign runs a program that must be there for the test, in a folder.
func foreign(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed: apt-get install %s", program, strings.TrimSuffix(program, "c"))
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

// TestCurlFetchesRanges: four ranges at once over four connections make the file.
func TestCurlFetchesRanges(t *testing.T) {
	f, dir := newFetched(t), t.TempDir()
	const parts = 4
	args := []string{"--parallel", "--parallel-immediate"}
	size := len(f.content)/parts + 1
	for i := range parts {
		if i > 0 {
			args = append(args, "--next")
		}
		end := min((i+1)*size, len(f.content))
		args = append(args, "-sSf", "-r", fmt.Sprintf("%d-%d", i*size, end-1), "-o", fmt.Sprint("part", i), f.url)
	}
	foreign(t, dir, "curl", args...)
	var got []byte
	for i := range parts {
		b, err := os.ReadFile(filepath.Join(dir, fmt.Sprint("part", i)))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b...)
	}
	f.check(t, got, parts)
}

// TestCurlFetchesSeveralRanges: two ranges in one request come in two parts of one
// answer (RFC 9110, section 14.6).
func TestCurlFetchesSeveralRanges(t *testing.T) {
	f, dir := newFetched(t), t.TempDir()
	foreign(t, dir, "curl", "-sSf", "-r", "0-99,5000-5099", "-o", "both", f.url)
	got, err := os.ReadFile(filepath.Join(dir, "both"))
	if err != nil {
		t.Fatal(err)
	}
	for _, first := range []int{0, 5000} {
		head := fmt.Sprintf("Content-Range: bytes %d-%d/%d\r\n", first, first+99, len(f.content))
		_, rest, ok := strings.Cut(string(got), head)
		_, body, more := strings.Cut(rest, "\r\n\r\n")
		if !ok || !more || !bytes.HasPrefix([]byte(body), append(f.content[first:first+100:first+100], "\r\n--"...)) {
			t.Errorf("no part from byte %d on in %.300q", first, got)
		}
	}
}

// TestAria2Fetches: aria2 cuts the file up by itself.
func TestAria2Fetches(t *testing.T) {
	f, dir := newFetched(t), t.TempDir()
	foreign(t, dir, "aria2c", "--no-conf", "--quiet", "--max-connection-per-server=4", "--split=4", "--min-split-size=1M", "--out=got", f.url)
	got, err := os.ReadFile(filepath.Join(dir, "got"))
	if err != nil {
		t.Fatal(err)
	}
	f.check(t, got, 4)
}

// check compares what has come, and that it came over so many connections at once
// at least.
func (f *fetched) check(t *testing.T, got []byte, conns int64) {
	t.Helper()
	if !bytes.Equal(got, f.content) {
		t.Errorf("%d other bytes, want %d", len(got), len(f.content))
	}
	if most := f.wire.most.Load(); most < conns { // one that has ended is seen a moment later
		t.Errorf("%d connections at once, want %d at least", most, conns)
	}
}
