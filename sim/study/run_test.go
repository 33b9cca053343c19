package study

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/sim/report"
)

// counting is a study of n points; each gives its place times a factor.
type counting struct {
	n, factor int
	wide      bool
	at        func(i int) error // called by each point
}

func (c *counting) Params() []Param {
	return []Param{{Name: "n", Int: &c.n, Min: 1, Max: 100}, {Name: "factor", Int: &c.factor}}
}

func (c *counting) Points() ([]Point, error) {
	if c.n == 0 {
		return nil, errors.New("--n 0: from 1")
	}
	points := make([]Point, c.n)
	for i := range points {
		points[i] = Point{Name: fmt.Sprint("point ", i), Weight: float64(i), Memory: int64(i), Wide: c.wide}
		points[i].Run = func(_ context.Context, tick func(float64)) (any, error) {
			tick(0.5)
			if c.at != nil {
				if err := c.at(i); err != nil {
					return nil, err
				}
			}
			return i * c.factor, nil
		}
	}
	return points, nil
}

func (c *counting) Report([]json.RawMessage) (*report.Report, error) { return &report.Report{}, nil }

func countingInfo() Info { return Info{Name: "counting", New: func() Study { return &counting{} }} }

func given(r *Results) []string {
	var out []string
	for _, p := range r.Points {
		out = append(out, string(p.Result))
	}
	return out
}

func TestRunAll(t *testing.T) {
	for _, wide := range []bool{false, true} {
		var last float64
		progress := func(done float64, point string) {
			if done < last || done > 1 || !strings.HasPrefix(point, "point") {
				t.Errorf("%v done after %v, at %q", done, last, point)
			}
			last = done
		}
		r, err := Run(context.Background(), countingInfo(), &counting{n: 5, factor: 3, wide: wide}, Options{Progress: progress})
		if err != nil {
			t.Fatal(err)
		}
		if got := given(r); !reflect.DeepEqual(got, []string{"0", "3", "6", "9", "12"}) || last < 0.999 {
			t.Errorf("wide %v: results %v, %v done", wide, got, last)
		}
		if r.Study != "counting" || len(r.Params) != 2 || r.Params[1] != (report.Param{Name: "factor", Value: "3"}) {
			t.Errorf("results are of %q with %v", r.Study, r.Params)
		}
	}
}

// TestShards: every point belongs to one shard, and the joined parts are the
// whole, to the byte.
func TestShards(t *testing.T) {
	s := &counting{n: 7, factor: 2}
	whole, err := Run(context.Background(), countingInfo(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 9; n++ {
		var parts []*Results
		ran := 0
		for i := 1; i <= n; i++ {
			part, err := Run(context.Background(), countingInfo(), s, Options{Shard: Shard{i, n}})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range part.Points {
				if p.Result != nil {
					ran++
				}
			}
			parts = append(parts, part)
		}
		sum, err := Merge(parts...)
		if err != nil {
			t.Fatal(err)
		}
		if got := written(t, sum); ran != 7 || got != written(t, whole) {
			t.Errorf("%d shards: %d points, together\n%s\nwant\n%s", n, ran, got, written(t, whole))
		}
	}
}

func written(t *testing.T, r *Results) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestParseShard(t *testing.T) {
	for _, text := range []string{"0/2", "3/2", "1", "1/2/3", "a/b", "-1/2", "1/10001", "1/2 "} {
		if s, err := ParseShard(text); err == nil {
			t.Errorf("%q is %v", text, s)
		}
	}
	for _, text := range []string{"1/1", "2/8", "10000/10000"} {
		if s, err := ParseShard(text); err != nil || s.String() != text {
			t.Errorf("%q is %q: %v", text, s, err)
		}
	}
	if s, err := ParseShard(""); err != nil || s != (Shard{}) {
		t.Errorf("nothing is %v: %v", s, err)
	}
}

// TestStopped keeps what was done when the run is told to end.
func TestStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var ran atomic.Int32
	s := &counting{n: 50, factor: 1, wide: true, at: func(i int) error {
		ran.Add(1)
		if i == 3 {
			cancel()
		}
		return nil
	}}
	r, err := Run(ctx, countingInfo(), s, Options{})
	if !errors.Is(err, context.Canceled) || ran.Load() != 4 || r.Done() != 3 {
		t.Fatalf("error %v after %d points", err, ran.Load())
	}
	if got := given(r)[:5]; !reflect.DeepEqual(got, []string{"0", "1", "2", "", ""}) {
		t.Errorf("kept %q", got)
	}
}

// TestLeft: a run that is to end does not wait for points that do not look whether
// they should, and keeps the others.
func TestLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	forever, leave := make(chan struct{}), make(chan struct{})
	defer close(forever)
	s := &counting{n: 3, factor: 1, wide: true, at: func(i int) error {
		if i == 1 {
			cancel()
			close(leave)
			<-forever
		}
		return nil
	}}
	r, err := Run(ctx, countingInfo(), s, Options{Leave: leave})
	if !errors.Is(err, context.Canceled) || !reflect.DeepEqual(given(r), []string{"0", "", ""}) {
		t.Errorf("kept %q, error %v", given(r), err)
	}
}

func TestPointFails(t *testing.T) {
	bad := errors.New("no luck")
	s := &counting{n: 5, at: func(i int) error {
		if i == 2 {
			return bad
		}
		return nil
	}}
	if _, err := Run(context.Background(), countingInfo(), s, Options{}); !errors.Is(err, bad) || !strings.HasPrefix(err.Error(), "point 2: ") {
		t.Errorf("error %v", err)
	}
	if _, err := Run(context.Background(), countingInfo(), &counting{}, Options{}); err == nil {
		t.Error("a study without points runs")
	}
}

func TestMemoryOfSweep(t *testing.T) {
	points, err := (&counting{n: 6}).Points()
	if err != nil {
		t.Fatal(err)
	}
	if got := Memory(points, Shard{}); got != 5 {
		t.Errorf("%d bytes, want those of the largest, 5", got)
	}
	if got := Memory(points, Shard{1, 6}); got != 0 {
		t.Errorf("the first point alone: %d bytes, want 0", got)
	}
}

// TestRoom: points that would take too much together run one after the other.
func TestRoom(t *testing.T) {
	for _, tt := range []struct {
		memory int64
		alone  bool
	}{{0, false}, {7, false}, {6, true}, {1, true}} {
		r := newRoom(tt.memory)
		r.enter(4)
		second := make(chan struct{})
		go func() {
			r.enter(3)
			close(second)
		}()
		wait := time.Minute // on a machine that has much else to do
		if tt.alone {
			wait = 20 * time.Millisecond
		}
		select {
		case <-second:
			if tt.alone {
				t.Errorf("%d bytes: both are in", tt.memory)
			}
		case <-time.After(wait):
			if !tt.alone {
				t.Errorf("%d bytes: the second waits", tt.memory)
			}
		}
		r.leave(4)
		<-second
	}
}

// TestResultsFit: a page is only made of the points that its study has.
func TestResultsFit(t *testing.T) {
	fresh := func() *Results {
		c := newCompare()
		points, err := c.Points()
		if err != nil {
			t.Fatal(err)
		}
		r := newResults(compareInfo(), c, len(points))
		for i, p := range points {
			r.Points[i].Name = p.Name
		}
		return r
	}
	if _, err := fresh().Report(); err != nil {
		t.Fatal(err)
	}
	short, other := fresh(), fresh()
	short.Points = short.Points[1:]
	other.Points[2].Name = "x"
	for want, r := range map[string]*Results{"results of": short, "point 3": other} {
		if _, err := r.Report(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// FuzzReadResults: whatever is read gives an error or results that can be joined
// with themselves and reported.
func FuzzReadResults(f *testing.F) {
	f.Add([]byte(`{"Study":"compare","Params":[{"Name":"peers","Value":"500"}],"Points":[{"Name":"x","Result":{"TTL":1}}]}`))
	for _, info := range All() {
		r := newResults(info, info.New(), 1)
		var b bytes.Buffer
		if err := r.Write(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte(`{"Study":"validate"}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ReadResults(bytes.NewReader(b))
		if err != nil {
			return
		}
		if _, err := Merge(r, r); err != nil {
			t.Errorf("joined with itself: %v", err)
		}
		_, _ = r.Report() // an error or a page
	})
}

// TestCommandIsForShells: values that shells would take apart are quoted.
func TestCommandIsForShells(t *testing.T) {
	for value, want := range map[string]string{
		"flat,super": "flat,super", "0.5": "0.5", "my dir/x": "'my dir/x'", "it's": `'it'\''s'`, "": "''", "$HOME": "'$HOME'",
	} {
		if got := quoted(value); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

// TestFailedPointKeepsOthers: what was done before a point failed is there.
func TestFailedPointKeepsOthers(t *testing.T) {
	r, err := Run(t.Context(), countingInfo(), &failing{}, Options{})
	if err == nil || r == nil || r.Done() != 1 {
		t.Errorf("%v, %+v", err, r)
	}
}

// failing has a point that is done, and then, when that is so, one that fails.
type failing struct{ counting }

func (s *failing) Points() ([]Point, error) {
	done := make(chan struct{})
	return []Point{
		{Name: "good", Run: func(context.Context, func(float64)) (any, error) { defer close(done); return 1, nil }, Wide: true},
		{Name: "bad", Run: func(context.Context, func(float64)) (any, error) { <-done; return nil, errors.New("bad") }},
	}, nil
}
