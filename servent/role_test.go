package servent_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// eventually waits for something that happens on other goroutines.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-limit:
			t.Fatalf("not within 20 s: %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// TestSupernodesCheckEachOther: who calls in is probed over the link, and called at
// the port where it says that it listens.
func TestSupernodesCheckEachOther(t *testing.T) {
	a := start(t, servent.Config{Role: servent.RoleSupernode})
	start(t, servent.Config{Role: servent.RoleSupernode, Connect: []string{a.Addr().String()}})
	eventually(t, "the check has passed", func() bool { return a.Status().Election.Passed == 1 })
	e := a.Status().Election
	if e.Auto || e.Failed != 0 || len(e.Factors) != 8 || e.Verdict != "a supernode because the user wants it" {
		t.Errorf("%+v", e)
	}
	for _, f := range e.Factors {
		if f.Name == "memory free" && f.Value == "not known yet" {
			t.Errorf("%+v", f)
		}
	}
}

// TestCountOwn: files that a search leaves out are counted by the same words.
func TestCountOwn(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"blue danube.txt", "danube.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, servent.Config{}, dir)
	for query, want := range map[string]int{"danube": 2, "danube -blue": 1, "danube type:audio": 0} {
		if n, err := s.CountOwn(t.Context(), query); n != want || err != nil {
			t.Errorf("%s: %d, %v; want %d", query, n, err, want)
		}
	}
	if _, err := s.CountOwn(t.Context(), "size:x"); err == nil {
		t.Error("no error of a query that cannot be read")
	}
}

// TestBadCall: who says no call is counted, and nothing comes of it.
func TestBadCall(t *testing.T) {
	s := start(t, servent.Config{Role: servent.RoleSupernode})
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("SRVT CALL me\n\n")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is counted", func() bool { return s.Status().Edge.UnknownSpeech == 1 })
}
