package servent_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// The limits of servent/get.go, as a user meets them.
const (
	wantSources  = 32
	wantSearches = 3
)

// webSource answers every request like do, until the test ends, and returns its
// port.
func webSource(t *testing.T, do http.HandlerFunc) uint16 {
	t.Helper()
	s := httptest.NewServer(do)
	t.Cleanup(s.Close)
	return uint16(s.Listener.Addr().(*net.TCPAddr).Port)
}

func delivers(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		_, _ = w.Write(content) // the client checks what came
	}
}

// answerQueries sends answers to each query that f gets until its link ends.
func answerQueries(f *foreign, asked *atomic.Int32, answers ...[]byte) {
	for {
		m, err := f.next()
		if err != nil {
			return
		}
		if m.kind != kindQuery {
			continue
		}
		asked.Add(1)
		for _, a := range answers {
			f.send(frame{m.id, kindHit, 2, 0, a})
		}
	}
}

// withNeighbour starts a servent with a foreign neighbour that answers all
// queries so, and counts them.
func withNeighbour(t *testing.T, answers ...[]byte) (*servent.Servent, *atomic.Int32) {
	t.Helper()
	s, asked := start(t, servent.Config{}), new(atomic.Int32)
	f := dialForeign(t, s.Addr())
	f.connect(false)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		answerQueries(f, asked, answers...)
	}()
	t.Cleanup(func() {
		f.conn.Close()
		<-ended
	})
	return s, asked
}

// TestLiarsOutvoteSource: two invented hits give a content another size than the
// one who has it. All are sources, and the content arrives.
func TestLiarsOutvoteSource(t *testing.T) {
	_, content, urn := shareFile(t, "x", 50_000)
	longer := append(content[:len(content):len(content)], 'x')
	size := uint32(len(content))
	s, _ := withNeighbour(t,
		foreignAnswer("walrus.ogg", size+1, urn, webSource(t, delivers(longer)), false),
		foreignAnswer("walrus.ogg", size+1, urn, webSource(t, delivers(longer)), false),
		foreignAnswer("walrus.ogg", size, urn, webSource(t, delivers(content)), false))
	ctx, cancel := context.WithTimeout(t.Context(), foreignWait)
	defer cancel()
	var row servent.Found
	err := s.Search(ctx, servent.SearchRequest{Query: "walrus"}, func(r servent.Found) {
		if row = r; len(r.Sources) == 3 {
			cancel()
		}
	})
	if err != nil || len(row.Sources) != 3 {
		t.Fatalf("row %+v, %v", row, err)
	}
	for name, req := range map[string]servent.GetRequest{
		"by hash": {Magnet: urn},
		"by row":  {Magnet: row.Magnet, Sources: row.Sources},
	} {
		req.Dir = t.TempDir()
		got, err := s.Get(t.Context(), req, func(servent.GetProgress) {})
		if err != nil || !got.Verified {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		if have, err := os.ReadFile(got.Path); err != nil || string(have) != string(content) {
			t.Errorf("%s: %d bytes, %v", name, len(have), err)
		}
	}
}

// TestSupernodeClaimsFiles: a supernode says of leaves that they have a file. Each is
// asked once in a search, that is told and counted, and whoever has it is found.
func TestSupernodeClaimsFiles(t *testing.T) {
	_, content, urn := shareFile(t, "x", 5000)
	const leaves = 5
	for _, held := range []bool{false, true} {
		t.Run(fmt.Sprintf("somebody has it %v", held), func(t *testing.T) {
			var claims [][]byte
			var victims []*servent.Servent
			for range leaves {
				v := start(t, servent.Config{})
				victims = append(victims, v)
				claims = append(claims, foreignAnswer("walrus.ogg", uint32(len(content)), urn, v.Addr().Port(), false))
			}
			if held {
				claims = append(claims, foreignAnswer("walrus.ogg", uint32(len(content)), urn, webSource(t, delivers(content)), false))
			}
			s, asked := withNeighbour(t, claims...)
			got, err := s.Get(t.Context(), servent.GetRequest{Magnet: urn, Dir: t.TempDir()}, func(servent.GetProgress) {})
			if got.Verified != held || !held && (err == nil || !strings.Contains(err.Error(), "does not have the file")) {
				t.Errorf("%+v, %v", got, err)
			}
			if n := s.Status().Transfer.Absent; n == 0 || n > leaves*uint64(asked.Load()) || !held && n != leaves*uint64(asked.Load()) {
				t.Errorf("%d times without the file, of %d leaves in %d searches", n, leaves, asked.Load())
			}
			for _, v := range victims {
				if n := v.Status().Edge.UploadsMissing; !held && n != uint64(asked.Load())*2 { // by hash, and by the name of the hit
					t.Errorf("a leaf was asked %d times in %d searches", n, asked.Load())
				}
			}
		})
	}
}

// TestSearchesAgain: when no source delivers, others are searched for, and a
// source that delivers in the last round is in time.
func TestSearchesAgain(t *testing.T) {
	_, content, urn := shareFile(t, "x", 5000)
	for refusals, want := range map[int32]bool{wantSearches - 1: true, wantSearches: false} {
		t.Run(fmt.Sprintf("%d refusals", refusals), func(t *testing.T) {
			var requests atomic.Int32
			port := webSource(t, func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasPrefix(r.RequestURI, "/uri-res") || requests.Add(1) <= refusals {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				delivers(content)(w, r)
			})
			s, asked := withNeighbour(t, foreignAnswer("walrus.ogg", uint32(len(content)), urn, port, false))
			got, err := s.Get(t.Context(), servent.GetRequest{Magnet: urn, Dir: t.TempDir()}, func(servent.GetProgress) {})
			if got.Verified != want || (err == nil) != want || asked.Load() != wantSearches {
				t.Errorf("%+v, %v after %d searches", got, err, asked.Load())
			}
		})
	}
}

// TestSearchesAgainForOthersThanLiars: where all who were found at first lie, there is
// one more search, which those do not count for; nor are they asked again.
func TestSearchesAgainForOthersThanLiars(t *testing.T) {
	_, content, urn := shareFile(t, "x", 5000)
	lie := append([]byte("y"), content[1:]...)
	for _, late := range []bool{true, false} {
		t.Run(fmt.Sprintf("another one answers late %v", late), func(t *testing.T) {
			t.Parallel()
			var lies atomic.Int32
			liar := webSource(t, func(w http.ResponseWriter, r *http.Request) {
				lies.Add(1)
				delivers(lie)(w, r)
			})
			honest := webSource(t, delivers(content))
			s, f, asked := start(t, servent.Config{}), (*foreign)(nil), 0
			f = dialForeign(t, s.Addr())
			f.connect(false)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for m, err := f.next(); err == nil; m, err = f.next() {
					if m.kind != kindQuery {
						continue
					}
					asked++
					f.send(frame{m.id, kindHit, 2, 0, foreignAnswer("walrus.ogg", uint32(len(content)), urn, liar, false)})
					if late && asked == 2 {
						f.send(frame{m.id, kindHit, 2, 0, foreignAnswer("walrus.ogg", uint32(len(content)), urn, honest, false)})
					}
				}
			}()
			got, err := s.Get(t.Context(), servent.GetRequest{Magnet: urn, Dir: t.TempDir()}, func(servent.GetProgress) {})
			f.conn.Close()
			<-ended
			if got.Verified != late || (err == nil) != late || !late && !errors.Is(err, servent.ErrNotVerified) {
				t.Errorf("%+v, %v", got, err)
			}
			if want := uint64(2 * len(content)); late && got.Fetched != want { // in both rounds
				t.Errorf("%d bytes fetched, not %d", got.Fetched, want)
			}
			if lies.Load() != 1 || asked != 2 {
				t.Errorf("the liar was asked %d times, in %d searches", lies.Load(), asked)
			}
		})
	}
}

// TestFailedSearchTellsWhy: who searches again in vain still learns why the first
// sources did not deliver.
func TestFailedSearchTellsWhy(t *testing.T) {
	_, _, urn := shareFile(t, "x", 10)
	s := start(t, servent.Config{})
	port := webSource(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	req := servent.GetRequest{Magnet: urn, Dir: t.TempDir(), Sources: []servent.FoundSource{{Addr: addr}}}
	_, err := s.Get(ctx, req, func(p servent.GetProgress) {
		if p.State == servent.StateSearchingAgain {
			cancel() // nobody answers: the search need not last
		}
	})
	if !errors.Is(err, servent.ErrNoSource) || !strings.Contains(err.Error(), addr+": does not have the file") {
		t.Errorf("error %v", err)
	}
}

// TestLostSource: a download whose only source goes in the middle tells how far
// it came and why, and does not claim that nobody had the file.
func TestLostSource(t *testing.T) {
	_, content, urn := shareFile(t, "x", 200_000)
	var requests atomic.Int32
	port := webSource(t, func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) > 1 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		_, _ = w.Write(content[:150_000])
		panic(http.ErrAbortHandler) // hangs up
	})
	s := start(t, servent.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	req := servent.GetRequest{Magnet: urn, Dir: t.TempDir(), Sources: []servent.FoundSource{{Addr: addr}}}
	_, err := s.Get(ctx, req, func(p servent.GetProgress) {
		if p.State == servent.StateSearchingAgain {
			cancel() // nobody answers: the search need not last
		}
	})
	if err == nil || errors.Is(err, servent.ErrNoSource) ||
		!strings.HasPrefix(err.Error(), "lost the only source after 150000 of 200000 bytes: "+addr) {
		t.Errorf("error %v", err)
	}
}

// TestLostSourceKeeps: what came of a download that lost its only source is kept,
// as far as blocks are whole, and its error says so.
func TestLostSourceKeeps(t *testing.T) {
	const size, came, whole = 2_000_000, 1_500_000, 1_500_000 / (256 << 10) * (256 << 10)
	_, content, urn := shareFile(t, "x", size)
	var requests atomic.Int32
	port := webSource(t, func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) > 1 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = w.Write(content[:came])
		panic(http.ErrAbortHandler) // hangs up
	})
	s := start(t, servent.Config{})
	req := servent.GetRequest{Magnet: urn, Dir: t.TempDir(), Sources: []servent.FoundSource{{Addr: fmt.Sprintf("127.0.0.1:%d", port)}}}
	_, err := s.Get(t.Context(), req, func(servent.GetProgress) {})
	var kept *servent.KeptError
	if !errors.As(err, &kept) || kept.Bytes != whole || !strings.HasPrefix(err.Error(), "lost the only source after 1500000 of 2000000 bytes: ") ||
		!strings.HasSuffix(err.Error(), "1.3 MB are kept in "+kept.Path+", the same download goes on from there") {
		t.Fatalf("error %v", err)
	}
	if info, err := os.Stat(kept.Path); err != nil || info.Size() != size { // sparse: what is to come has its place
		t.Errorf("%v, %v", info, err)
	}
}

// TestGetWithoutLinks: who has no link to search over learns it soon.
func TestGetWithoutLinks(t *testing.T) {
	t.Parallel()
	_, _, urn := shareFile(t, "x", 10)
	s := start(t, servent.Config{})
	begin := time.Now()
	_, err := s.Get(t.Context(), servent.GetRequest{Magnet: urn, Dir: t.TempDir()}, func(servent.GetProgress) {})
	if took := time.Since(begin); !errors.Is(err, servent.ErrNoSource) || !strings.Contains(err.Error(), "no link") || took > 10*time.Second {
		t.Errorf("after %v: %v", took, err)
	}
}

// TestSourcesAreBounded: a download takes so many sources and not one more,
// wherever they come from.
func TestSourcesAreBounded(t *testing.T) {
	_, content, urn := shareFile(t, "x", 5000)
	refuses := webSource(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	for n := wantSources; n <= wantSources+1; n++ {
		want := min(n, wantSources)
		var answers [][]byte
		var named []servent.FoundSource
		for i := range n {
			a := foreignAnswer("walrus.ogg", uint32(len(content)), urn, refuses, false)
			a[len(a)-1] = byte(i) // of the GUID
			answers = append(answers, a)
			named = append(named, servent.FoundSource{Addr: fmt.Sprintf("127.0.0.1:%d", refuses), GUID: fmt.Sprintf("%032x", i+1)})
		}
		s, _ := withNeighbour(t, answers...)
		for name, req := range map[string]servent.GetRequest{
			"found": {Magnet: urn},
			"named": {Magnet: urn, Sources: named},
		} {
			req.Dir = t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			sources := 0
			_, err := s.Get(ctx, req, func(p servent.GetProgress) {
				if p.State == "connecting" {
					sources = p.Sources
					cancel()
				}
			})
			cancel()
			if err == nil || sources != want {
				t.Errorf("%s: %d sources of %d, want %d (%v)", name, sources, n, want, err)
			}
		}
	}
}
