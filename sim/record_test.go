package sim

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/seed282dab8e/servent/sim/natbox"
)

// recordedCrowd records a run in which about everything happens.
func recordedCrowd(t testing.TB, seed uint64) (recording []byte, trace string) {
	t.Helper()
	var out bytes.Buffer
	cfg, plan := troubled(seed, 32)
	cfg.Record = &out
	r, err := RunCrowd(context.Background(), cfg, plan, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), r.Trace
}

// TestReplay: what was done to a crowd, done again, gives the same trace.
func TestReplay(t *testing.T) {
	for seed := range uint64(2) {
		recording, trace := recordedCrowd(t, seed)
		w, err := Replay(bytes.NewReader(recording))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if got := fmt.Sprintf("%016x", w.Trace().Hash); got != trace {
			t.Errorf("seed %d: trace %s, recorded %s", seed, got, trace)
		}
	}
}

// TestReplayOfAll records each thing that can be done to a World once.
func TestReplayOfAll(t *testing.T) {
	var out bytes.Buffer
	w := New(Config{
		Seed: 5, Role: overlay.RoleFlat, Record: &out, Latency: Constant(30 * time.Millisecond), Bandwidth: 50_000,
		LinkLoss: 0.1, Loss: 0.1, DialTimeout: 3 * time.Second, CloseLinger: 2 * time.Second,
	})
	for v := range 6 {
		cfg := songs(v)
		cfg.Name, cfg.Download, cfg.Upload, cfg.Filtered = fmt.Sprintf("node %d", v), 30_000, 20_000, v == 4
		if v == 3 {
			cfg.Router, cfg.Site = natbox.Kind{Mapping: nat.MappingPort, Filtering: nat.FilteringAddress, KeepsPort: true}, 1
		}
		cfg.Overlay.UDP, cfg.Overlay.HostCache = true, v == 0
		cfg.Overlay.DialBacks = overlay.Rate{PerSecond: 3, Burst: 7}
		w.Add(cfg)
		w.Step(NodeID(v), overlay.Heard{Addrs: addrsOf(w, 0)})
	}
	w.Run(time.Second)
	if err := w.LinkBy(4, 5, Wire{Latency: Uniform(time.Millisecond, time.Second), Loss: 0.5}); err != nil {
		t.Fatal(err)
	}
	f := w.Query(1, "song 2", 5)
	w.RunUntilIdle()
	w.Step(1, overlay.UserPush{Servent: w.GUID(2), Index: 1})
	w.After(time.Second, func() { w.Vanish(3) }) // what calls back is done by itself
	w.SendDatagram(2, w.Addr(2), w.Addr(1), numbered(3, 0))
	w.Step(2, overlay.AskCaches{Addrs: addrsOf(w, 0)})
	w.Meet(3, 4)
	w.Slow(2, 3)
	w.Partition([]NodeID{0, 1, 2}, []NodeID{3, 4, 5})
	w.Run(5 * time.Second)
	w.Heal()
	w.EndQuery(f)
	w.Crash(5)
	w.Leave(4)
	w.Run(time.Second)
	w.Start(3)
	w.Step(3, overlay.Resources{Memory: 1 << 30})
	w.Run(time.Minute)
	if err := w.EndRecord(); err != nil {
		t.Fatal(err)
	}
	if w.EndRecord() != nil {
		t.Error("it ends twice")
	}
	for _, do := range []string{doAdd, doStart, doLeave, doCrash, doVanish, doLink, doDatagram, doMeet, doPartition, doHeal, doSlow, doEnd, doHeard, doResources, doQuery, doEndQuery, doPush, doAskCaches} {
		if !strings.Contains(out.String(), fmt.Sprintf(`"do":%q`, do)) {
			t.Errorf("%s is not recorded", do)
		}
	}
	again, err := Replay(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if again.Trace().Hash != w.Trace().Hash || again.Name(2) != "node 2" || again.Now() != w.Now() {
		t.Errorf("trace %x, recorded %x; %s at %v", again.Trace().Hash, w.Trace().Hash, again.Name(2), again.Now())
	}
}

// TestRecordRefuses: what cannot be done again is an error in the end.
func TestRecordRefuses(t *testing.T) {
	for want, do := range map[string]func(w *World){
		"an Actor of a test":       func(w *World) { w.AddActor(NodeConfig{}, newStranger(protocol.GUID{1}, true)) },
		"has a function":           func(w *World) { w.Add(NodeConfig{Overlay: overlay.Config{Rand: random(1, 1)}}) },
		"an event overlay.Malform": func(w *World) { w.Step(w.Add(NodeConfig{}), overlay.Malformed{}) },
	} {
		w := New(Config{Record: &bytes.Buffer{}})
		do(w)
		if err := w.EndRecord(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	w := New(Config{Record: full{}})
	for range 10_000 {
		w.Heal()
	}
	if err := w.EndRecord(); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("%v", err)
	}
}

// full is where nothing can be written.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, fmt.Errorf("the disk is full") }

const head = `{"Trace":1,"Seed":1,"Latency":{"Low":1000,"High":1000}}` + "\n"

// TestReplayRefuses: each error names its line, and what is wrong there.
func TestReplayRefuses(t *testing.T) {
	add := `{"n":0,"at":0,"do":"add"}` + "\n"
	for text, want := range map[string]string{
		"":                             "the recording is empty",
		"x":                            "line 1: this is no recording",
		"{}":                           "line 1: this is no recording, or one of version 0",
		`{"Trace":2}`:                  "one of version 2: want 1",
		`{"Trace":1,"Loss":2}`:         "a loss is not within 0 to 1",
		`{"Trace":1,"Role":9}`:         "no role has the number 9",
		`{"Trace":1,"DialTimeout":-1}`: "is negative",
		head:                           "breaks off",
		head + add:                     "breaks off",
		head + "{":                     "line 2: the line is cut off",
		head + `{"n":0,"at":0,"do":"add","color":1}`:                                                                                    `line 2: json: unknown field "color"`,
		head + `{"n":0,"at":0,"do":"dance"}`:                                                                                            "line 2: there is no node 0: 0 were added",
		head + add + `{"n":0,"at":0,"do":"dance"}`:                                                                                      `line 3: "dance" is nothing that is done`,
		head + add + `{"n":0,"at":0,"do":"crash","node":1}`:                                                                             "line 3: there is no node 1: 1 were added",
		head + add + `{"n":0,"at":0,"do":"crash","node":-1}`:                                                                            "line 3: a time or the number of a node is negative",
		head + add + `{"n":0,"at":0,"do":"partition","groups":[[0,7]]}`:                                                                 "there is no node 7",
		head + add + `{"n":0,"at":0,"do":"partition","groups":[[-1]]}`:                                                                  "is negative",
		head + add + `{"n":9000000,"at":5,"do":"heal"}`:                                                                                 "and 9000000 had when it was recorded",
		head + add + `{"n":0,"at":5,"do":"heal"}` + "\n" + `{"n":0,"at":4}`:                                                             "line 4: it is at 4ns after 0 events, and the line before at 5ns after 0",
		head + `{"n":0,"at":0,"do":"add","what":{"Overlay":{"TTL":99}}}`:                                                                "line 2: node n0: overlay config: TTL 99",
		head + `{"n":0,"at":0,"do":"add","what":{"Overlay":{"Rand":1}}}`:                                                                "line 2: the node: json",
		head + `{"n":0,"at":0,"do":"add","what":{"Act":77}}`:                                                                            "no act has the number 77",
		head + `{"n":0,"at":0,"do":"add","what":{"Addr":"1.2.3.4:5"}}` + "\n" + `{"n":0,"at":0,"do":"add","what":{"Addr":"1.2.3.4:5"}}`: "line 3: node 1: address 1.2.3.4:5 is taken",
		head + add + `{"n":0,"at":0,"do":"link"}`:                                                                                       "node 0 is linked with itself",
		head + add + add + `{"n":0,"at":0,"do":"link","peer":1,"wire":{"Bandwidth":-1}}`:                                                "cannot be",
		head + add + `{"n":0,"at":0,"do":"datagram","msg":"AAAA"}`:                                                                      "a datagram without message or address",
		head + add + `{"n":0,"at":0,"do":"heard","what":{"Addrs":"x"}}`:                                                                 "line 3: json",
		head + add + `{"n":0,"at":0,"do":"end","hash":"12"}`:                                                                            "and 12 was recorded",
		head + `{"n":0,"at":0,"do":"end","hash":"9e3779b97f4a7c15"}` + "\n{}":                                                           "line 3: the recording has ended before",
	} {
		if _, err := Replay(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %q", text, err, want)
		}
	}
	if _, err := Replay(strings.NewReader(head + `{"n":0,"at":0,"do":"end","hash":"9e3779b97f4a7c15"}` + "\n")); err != nil {
		t.Errorf("an empty World: %v", err)
	}
}

// FuzzReplay: whatever the lines say, there is a World or an error. What would take long is
// cut off.
func FuzzReplay(f *testing.F) {
	f.Add([]byte(head + `{"n":0,"at":0,"do":"add"}` + "\n" + `{"n":0,"at":0,"do":"add","what":{"Overlay":{"Role":3},"Files":["a.ogg"]}}` + "\n" +
		`{"n":0,"at":0,"do":"link","peer":1}` + "\n" + `{"n":3,"at":900000,"do":"query","what":{"Text":"a"}}` + "\n"))
	recording, _ := recordedCrowd(f, 2)
	f.Add(recording[:bytes.IndexByte(recording[2000:], '\n')+2001])
	f.Fuzz(func(t *testing.T, b []byte) {
		var cut []byte
		for n, line := range bytes.SplitAfter(b, []byte("\n")) {
			if o, err := parseOp(line); n > 40 || err == nil && (o.At > time.Minute || o.Events > 10_000) {
				break
			}
			cut = append(cut, line...)
		}
		if w, err := Replay(bytes.NewReader(cut)); (w == nil) != (err != nil) {
			t.Errorf("%v, %v", w, err)
		}
	})
}

func TestSparse(t *testing.T) {
	for want, v := range map[string]any{
		`{"A":1}`:           map[string]any{"A": 1, "B": 0, "C": "", "D": false, "E": nil, "F": []int{0, 0}, "G": map[string]int{"x": 0}},
		`{"A":[0,1]}`:       map[string]any{"A": []int{0, 1}},
		`[{"B":2},{"A":0}]`: []any{map[string]int{"B": 2}, map[string]int{"A": 0}},
		``:                  map[string]any{"A": map[string]any{"B": 0}},
	} {
		if got, err := sparse(v); err != nil || string(got) != want {
			t.Errorf("%s %v, want %s", got, err, want)
		}
	}
}
