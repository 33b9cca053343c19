//go:build loopback && unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// making starts a study that makes a network of a million peers, which takes far
// longer than the test, and waits until it does so.
func making(t *testing.T) (*process, string) {
	t.Helper()
	h := newHome(t)
	dir := filepath.Join(h["HOME"], "out")
	p := h.spawn(t, "sim", "compare", "--peers", "1000000", "--models", "gia", "--searches", "10", "--out", dir)
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("no folder")
		}
	}
	time.Sleep(time.Second)
	return p, dir
}

// interrupt is Ctrl-C.
func (p *process) interrupt(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// TestCtrlCWhileMaking: the program ends within about a second, tells that nothing
// is kept, and leaves no folder.
func TestCtrlCWhileMaking(t *testing.T) {
	p, dir := making(t)
	begun := time.Now()
	p.interrupt(t)
	<-p.ended
	took, code := time.Since(begun), p.cmd.ProcessState.ExitCode()
	if code != exitInterrupted || took > leaveAfter+time.Second || !strings.Contains(p.err.String(), "nothing is kept") {
		t.Errorf("exit %d after %v: %s", code, took, p.err.String())
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a folder is left")
	}
}

// TestSecondCtrlC ends at once.
func TestSecondCtrlC(t *testing.T) {
	p, _ := making(t)
	p.interrupt(t)
	time.Sleep(leaveAfter / 5)
	begun := time.Now()
	p.interrupt(t)
	<-p.ended
	state, _ := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if took := time.Since(begun); took > leaveAfter/2 || !state.Signaled() {
		t.Errorf("ended after %v: %v", took, p.cmd.ProcessState)
	}
}

// TestCtrlCWhileReading ends though nothing comes from the graph's file.
func TestCtrlCWhileReading(t *testing.T) {
	h := newHome(t)
	pipe := filepath.Join(h["HOME"], "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	p := h.spawn(t, "sim", "flood", "--graph", pipe, "--source", "0")
	time.Sleep(time.Second / 2)
	p.interrupt(t)
	if code := p.exit(t); code != exitInterrupted || !strings.Contains(p.err.String(), "interrupted: nothing was counted") {
		t.Errorf("exit %d: %s", code, p.err.String())
	}
}

// TestVerdictsInView: whether a target was met stands within the window, however
// narrow it is.
func TestVerdictsInView(t *testing.T) {
	c := newChromium(t)
	h := newHome(t)
	dir := filepath.Join(h["HOME"], "out")
	if code, _, errOut := h.runFor(t, time.Minute, "sim", "latency", "--peers", "1000", "--sources", "10", "--out", dir); code != 0 {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	const script = `<script>
		const marks = [...document.querySelectorAll(".mark")].map(m => m.getBoundingClientRect())
		document.body.dataset.seen = marks.filter(m => m.left >= 0 && m.right <= innerWidth).length + " of " + marks.length
	</script></body>`
	page := filepath.Join(dir, "measured.html")
	writeFile(t, page, strings.Replace(readFile(t, filepath.Join(dir, "index.html")), "</body>", script, 1))
	for _, width := range []string{"500", "700", "1000", "1060", "1400"} {
		if out := c.run(t, "--window-size="+width+",1200", "--dump-dom", "file://"+page); !strings.Contains(out, `data-seen="6 of 6"`) {
			_, seen, _ := strings.Cut(out, "data-seen=")
			t.Errorf("%s columns: %.20s verdicts are in view", width, seen)
		}
	}
}
