package servent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// numberedMagnet is a magnet whose SHA-1 begins with a number.
func numberedMagnet(n int, size uint64) protocol.Magnet {
	m := protocol.Magnet{URN: protocol.URN{HasSHA1: true}, Name: fmt.Sprint("file ", n), Size: size}
	m.URN.SHA1[0], m.URN.SHA1[1] = byte(n>>8), byte(n)
	return m
}

// entered enters n downloads of such a size.
func entered(t *testing.T, r *downloads, n int, size uint64, detached bool) []*download {
	t.Helper()
	var list []*download
	for range n {
		d, err := r.enter(GetRequest{Dir: "/tmp"}, numberedMagnet(len(r.all), size), detached)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, d)
	}
	return list
}

func inPhase(r *downloads, phase string) (ids []string) {
	for _, i := range r.infos() {
		if i.Phase == phase {
			ids = append(ids, i.ID)
		}
	}
	return ids
}

// TestDownloadsAtOnce: so many large files and so many small ones load, and no more.
func TestDownloadsAtOnce(t *testing.T) {
	r := newDownloads()
	entered(t, r, downloadsAtOnce+2, smallFile+1, true)
	entered(t, r, smallAtOnce+2, smallFile, true)
	entered(t, r, 1, 0, true) // may be large
	if n := len(inPhase(r, PhaseLoading)); n != downloadsAtOnce+smallAtOnce {
		t.Errorf("%d load", n)
	}
	if n := len(inPhase(r, PhaseWaiting)); n != 5 {
		t.Errorf("%d wait", n)
	}
}

// TestPriorityDecidesWhoIsNext: then who came first.
func TestPriorityDecidesWhoIsNext(t *testing.T) {
	r := newDownloads()
	list := entered(t, r, downloadsAtOnce+4, 0, true)
	wait := list[downloadsAtOnce:]
	for i, p := range []string{PriorityLow, PriorityNormal, PriorityHigh, PriorityNormal} {
		if _, err := r.change(&DownloadChange{Action: actionPriority, IDs: []string{wait[i].id}, Priority: p}); err != nil {
			t.Fatal(err)
		}
	}
	for i, next := range []int{2, 1, 3, 0} {
		_ = r.ended(list[i], Got{}, nil, nil, false)
		if wait[next].phase != PhaseLoading {
			t.Errorf("after %d have ended %s is %s", i+1, wait[next].id, wait[next].phase)
		}
		if n := len(inPhase(r, PhaseLoading)); n != downloadsAtOnce {
			t.Errorf("%d load", n)
		}
	}
}

// TestStalledDownloadGivesItsPlace: after 30 s without a byte, and up to so many.
func TestStalledDownloadGivesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newDownloads()
		list := entered(t, r, maxLoading+1, 0, true)
		time.Sleep(stalledAfter - 1)
		if r.look(time.Now()); len(inPhase(r, PhaseLoading)) != downloadsAtOnce {
			t.Errorf("%d load", len(inPhase(r, PhaseLoading)))
		}
		r.note(list[0], GetProgress{Done: 1, State: StateLoading})
		time.Sleep(time.Nanosecond)
		if r.look(time.Now()); len(inPhase(r, PhaseLoading)) != 2*downloadsAtOnce-1 {
			t.Errorf("%d load, one of which gets something", len(inPhase(r, PhaseLoading)))
		}
		for range maxLoading {
			time.Sleep(stalledAfter)
			r.look(time.Now())
		}
		if n := len(inPhase(r, PhaseLoading)); n != maxLoading {
			t.Errorf("%d have begun", n)
		}
	})
}

// TestManyDownloads: at the limit and one past, and no id twice, nor for equal content.
func TestManyDownloads(t *testing.T) {
	r := newDownloads()
	for range 40 {
		if _, err := r.enter(GetRequest{}, numberedMagnet(1, 0), false); err != nil {
			t.Fatal(err)
		}
	}
	entered(t, r, maxDownloads-40, 0, false)
	if len(r.byID) != maxDownloads {
		t.Errorf("%d ids of %d", len(r.byID), maxDownloads)
	}
	if _, err := r.enter(GetRequest{}, numberedMagnet(0, 0), false); err == nil || !strings.Contains(err.Error(), "transfers") {
		t.Errorf("one past: %v", err)
	}
}

func TestDoneDownloadsAreForgotten(t *testing.T) {
	r := newDownloads()
	for range maxDone + 1 {
		d := entered(t, r, 1, 1, true)[0]
		_ = r.ended(d, Got{Path: "/x"}, nil, nil, false)
	}
	if n := len(inPhase(r, PhaseDone)); n != maxDone {
		t.Errorf("%d are remembered", n)
	}
}

// TestNobodyHasIt: a detached download looks again later, and ever more seldom.
func TestNobodyHasIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newDownloads()
		d := entered(t, r, 1, 0, true)[0]
		for _, wait := range []time.Duration{retryFirst, 2 * retryFirst, 4 * retryFirst, 8 * retryFirst, retryMost, retryMost} {
			_ = r.ended(d, Got{}, ErrNoSource, nil, false)
			if i := r.info(d); i.State != StateNoneYet || i.Error == "" {
				t.Errorf("%+v", i)
			}
			time.Sleep(wait - 1)
			if r.look(time.Now()); d.phase != PhaseWaiting {
				t.Fatalf("looks again before %v", wait)
			}
			time.Sleep(time.Nanosecond)
			if r.look(time.Now()); d.phase != PhaseLoading {
				t.Fatalf("does not look again after %v", wait)
			}
		}
		_ = r.ended(d, Got{}, errors.New("disk is full"), nil, false)
		if i := r.info(d); i.Phase != PhaseFailed || i.Error != "disk is full" {
			t.Errorf("%+v", i)
		}
	})
}

// TestChangeRefused: what cannot be done changes nothing.
func TestChangeRefused(t *testing.T) {
	r := newDownloads()
	list := entered(t, r, 3, 0, true)
	_ = r.ended(list[2], Got{}, nil, nil, false)
	a, done := list[0].id, list[2].id
	for _, tt := range []struct {
		c    DownloadChange
		want string
	}{
		{DownloadChange{Action: "stop", IDs: []string{a}}, "use one of pause"},
		{DownloadChange{Action: actionPriority, IDs: []string{a}, Priority: "top"}, "use high, normal or low"},
		{DownloadChange{Action: actionPause, IDs: []string{a, "NOBODY"}}, "there is no download \"NOBODY\""},
		{DownloadChange{Action: actionPause, IDs: []string{a, done}}, "it is done already"},
		{DownloadChange{Action: actionResume, IDs: []string{done}}, "it is done already"},
	} {
		if _, err := r.change(&tt.c); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v", tt.c, err)
		}
	}
	if got := inPhase(r, PhaseLoading); len(got) != 2 || list[0].pausing {
		t.Errorf("still loading: %v", got)
	}
	if _, err := r.change(&DownloadChange{Action: actionPause, IDs: []string{"all"}}); err != nil || !list[0].pausing || list[2].phase != PhaseDone {
		t.Errorf("all: %v", err)
	}
	if got, err := r.change(&DownloadChange{Action: actionCancel, IDs: []string{strings.ToLower(a), a, "all"}}); err != nil || len(got) != 3 || len(r.all) != 0 {
		t.Errorf("cancel: %v, %v", got, err)
	}
}

// TestAwaitIsCancelled: who waits for a turn hears that.
func TestAwaitIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newDownloads()
		entered(t, r, downloadsAtOnce, 0, true)
		d := entered(t, r, 1, 0, false)[0]
		var told []string
		ended := make(chan error)
		go func() { ended <- r.await(t.Context(), d, func(p GetProgress) { told = append(told, p.State) }) }()
		synctest.Wait()
		for _, action := range []string{actionPause, actionResume, actionCancel} {
			if _, err := r.change(&DownloadChange{Action: action, IDs: []string{d.id}}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if err := <-ended; !errors.Is(err, ErrCancelled) {
			t.Errorf("await: %v", err)
		}
		if want := []string{StateTurn, StatePaused, StateTurn}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
		kept := &KeptError{Err: context.Canceled, Path: "/x.part", Bytes: 5}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		d = entered(t, r, 1, 0, false)[0]
		d.left = kept
		var e *KeptError
		if err := r.await(ctx, d, func(GetProgress) {}); !errors.Is(err, context.Canceled) || !errors.As(err, &e) || e.Path != "/x.part" {
			t.Errorf("ended: %v", err)
		}
	})
}

func TestMeter(t *testing.T) {
	var m meter
	at := time.Unix(1_000_000, 0)
	for i := range 101 { // 10 s, 1 MB a second
		m.add(at.Add(time.Duration(i)*100*time.Millisecond), uint64(i)*100_000)
		if i == 9 && m.rate(at.Add(900*time.Millisecond)) != 0 {
			t.Error("a rate of less than a second")
		}
	}
	end := at.Add(10 * time.Second)
	if r := m.rate(end); r < 990_000 || r > 1_010_000 {
		t.Errorf("%d B/s", r)
	}
	if r := m.rate(end.Add(rateWindow)); r != 0 {
		t.Errorf("nothing comes any more: %d B/s", r)
	}
	if n := len(m.samples); n > 60 {
		t.Errorf("%d samples", n)
	}
	m.add(end, 0)
	if r := m.rate(end.Add(time.Second)); r != 0 {
		t.Errorf("begun anew: %d B/s", r)
	}
}

// TestChangedBeforeItBegins: between its turn and its first byte a download can be
// paused and cancelled; a paused one is written down as such while it still ends.
func TestChangedBeforeItBegins(t *testing.T) {
	for action, want := range map[string]error{actionPause: errPaused, actionCancel: ErrCancelled, actionResume: nil} {
		r := newDownloads()
		d := entered(t, r, 1, 0, true)[0]
		if _, due := r.look(time.Now()); len(due) != 1 {
			t.Fatalf("%d are to begin", len(due))
		}
		if _, err := r.change(&DownloadChange{Action: action, IDs: []string{d.id}}); err != nil {
			t.Fatal(err)
		}
		ctx, end := context.WithCancelCause(t.Context())
		r.begin(d, end)
		if got := context.Cause(ctx); !errors.Is(got, want) {
			t.Errorf("%s: ended by %v, want %v", action, got, want)
		}
		if k := d.kept(); action == actionPause && (d.phase != PhaseLoading || k.Phase != PhasePaused) {
			t.Errorf("is %s, written down as %s", d.phase, k.Phase)
		}
		end(nil)
	}
}
