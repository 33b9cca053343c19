package transfer

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// queueScript plays what happens at a queue, line by line: the second, what,
// who, and for ask the answer. Who is an address's letter and a file's digit.
// Answers are "go", "2/3" for the second place of three, and "no" for none; whom calls go to
// is told as letters, "-" for nobody; wait and poll ask so that they can be called. Two
// slots, two of them and two places for each address, four places, 30 s pace.
func queueScript(t *testing.T, script string) *uploadQueue {
	t.Helper()
	ids := 0
	q := &uploadQueue{slots: 2, perHost: 2, perSlot: 2, max: 4, pace: 30 * time.Second, hold: 10 * time.Second, idle: time.Minute, newID: func() string {
		ids++
		return strconv.Itoa(ids)
	}}
	start := time.Unix(1_700_000_000, 0)
	for line := range strings.Lines(script) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		second, err := strconv.ParseFloat(f[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		now := start.Add(time.Duration(second * float64(time.Second)))
		if f[1] == "slots" {
			q.slots, _ = strconv.Atoi(f[2])
			continue
		}
		if f[1] == "calls" {
			if got := callsText(q.calls(now)); got != f[2] {
				t.Fatalf("%s: %s", strings.TrimSpace(line), got)
			}
			continue
		}
		u := upload{host: netip.AddrFrom4([4]byte{10, 0, 0, f[2][0]}), file: protocol.SHA1{f[2][1]}}
		switch f[1] {
		case "wait", "poll": // to be called, a poll only where it has no connection
			u.call.To, u.ours = netip.AddrPortFrom(u.host, 1), f[1] == "wait"
			if got := turnText(q.ask(now, u, "")); got != f[3] {
				t.Fatalf("%s: %s", strings.TrimSpace(line), got)
			}
		case "done":
			q.done(now, u, piece{})
		case "part":
			q.done(now, u, piece{Range: protocol.Range{End: 1}, size: 9})
		case "sent": // a piece of a file of nine bytes, and whether one of ours asked: a1 3-6 ours
			var p protocol.Range
			_, _ = fmt.Sscanf(f[3], "%d-%d", &p.First, &p.End)
			if s := q.slotOf(u); s != nil {
				s.ours = len(f) > 4
			}
			q.done(now, u, piece{Range: p, size: 9})
		case "ask":
			if got := turnText(q.ask(now, u, "")); got != f[3] {
				t.Fatalf("%s: %s", strings.TrimSpace(line), got)
			}
		}
	}
	return q
}

func turnText(v turn) string {
	switch {
	case v.lane != nil:
		return "go"
	case v.place.Position == 0:
		return "no"
	}
	return fmt.Sprintf("%d/%d", v.place.Position, v.place.Length)
}

func callsText(calls []QueueCall) string {
	text := ""
	for _, c := range calls {
		text += string(rune(c.To.Addr().As4()[3]))
	}
	if text == "" {
		return "-"
	}
	return text
}

func TestQueue(t *testing.T) {
	tests := []struct{ name, script string }{
		{"whose turn has come is called once, and may ask at once", `
			0  ask a1 go
			0  ask b1 go
			0  wait c1 1/1
			0  wait d1 2/2
			1  calls -
			5  done a1
			5  calls c
			6  calls -
			7  wait c1 go
			8  done b1
			8  calls d
			9  wait d1 go`},
		{"as many as there are slots, and nobody overtakes who is not called", `
			0  ask a1 go
			0  ask b1 go
			0  ask c1 1/1
			0  wait d1 2/2
			0  wait e1 3/3
			5  done a1
			5  calls -
			6  done b1
			6  calls d
			7  ask e1 3/3
			31 ask c1 go`},
		{"who polls is called where it has no connection", `
			0  ask a1 go
			0  ask b1 go
			0  poll c1 1/1
			0  poll d1 2/2
			0  poll e1 3/3
			5  done a1
			5  done b1
			5  calls -
			31 ask c1 go
			32 done c1
			51 ask d1 go
			52 done d1
			53 calls e`},
		{"a call that is not taken costs no place before its time", `
			0    ask a1 go
			0    ask b1 go
			0    wait c1 1/1
			0    wait d1 2/2
			5    done a1
			5    calls c
			90   calls -
			91   wait d1 go`},
		{"one address is called for as many as it may have", `
			0 ask a1 go
			0 ask a2 go
			0 wait a3 1/1
			0 wait b1 2/2
			5 done a1
			5 calls a
			6 ask a3 go
			7 done a3
			7 calls b`},
		{"slots, then places in order", `
			0 ask a1 go
			0 ask b1 go
			0 ask c1 1/1
			0 ask d1 2/2`},
		{"a freed slot is for the first, when it asks again", `
			0  ask a1 go
			0  ask b1 go
			0  ask c1 1/1
			0  ask d1 2/2
			5  done a1
			5  ask e1 3/3
			29 ask e2 4/4
			50 ask d1 2/4
			50 ask c1 go
			99 ask d1 1/3`},
		{"two free slots are for the first two, in any order", `
			0  ask a1 go
			0  ask b1 go
			0  ask c1 1/1
			0  ask d1 2/2
			0  ask e1 3/3
			5  done a1
			5  done b1
			60 ask d1 go
			64 ask e1 2/2
			65 ask c1 go`},
		{"a place is lost to who comes too late", `
			0    ask a1 go
			0    ask b1 go
			0    ask c1 1/1
			0    ask d1 2/2
			5    done a1
			90.1 ask c1 2/2
			90.2 ask d1 go`},
		{"the last moment", `
			0  ask a1 go
			0  ask b1 go
			0  ask c1 1/1
			5  done a1
			90 ask c1 go`},
		{"who asks too early is not served, and goes to the back at last", `
			0  ask a1 go
			0  ask b1 go
			0  ask c1 1/1
			0  ask d1 2/2
			5  done a1
			6  ask c1 1/2
			7  ask c1 1/2
			8  ask c1 1/2
			9  ask c1 2/2
			50 ask d1 go`},
		{"a slot is held from part to part", `
			0  ask a1 go
			0  ask b1 go
			0  ask c1 1/1
			1  part a1
			11 ask a1 go
			12 part a1
			32 ask c1 go`},
		{"who has had all, in any order, holds nothing", `
			0  ask a1 go
			0  ask b1 go
			0  ask c1 1/1
			1  sent a1 6-9 ours
			1  ask a1 go
			2  sent a1 0-3 ours
			2  ask a1 go
			3  sent a1 3-6 ours
			30 ask c1 go`},
		{"the end of the file is not all of it", `
			0  ask a1 go
			0  ask b1 go
			0  ask c1 1/1
			26 sent a1 3-6 ours
			26 ask a1 go
			27 sent a1 6-9 ours
			31 ask c1 1/1
			32 ask a1 go`},
		{"who comes to the end in order has all that it wants", `
			0  ask a1 go
			0  ask b1 go
			0  ask c1 1/1
			26 sent a1 3-6
			26 ask a1 go
			27 sent a1 6-9
			31 ask c1 go`},
		{"but not who left something out", `
			0  ask a1 go
			0  ask b1 go
			0  ask c1 1/1
			25 sent a1 0-2
			25 ask a1 go
			26 sent a1 3-6
			26 ask a1 go
			27 sent a1 6-9
			31 ask c1 1/1`},
		{"what is held is for that file only", `
			0 ask a1 go
			0 ask b1 go
			1 part a1
			2 ask a2 1/1
			3 ask a1 go`},
		{"the end of what is held", `
			0    ask a1 go
			0    ask b1 go
			1    part a1
			11   ask c1 1/1
			11.1 ask d1 2/2
			42   ask c1 go`},
		{"slots of one address, and its places", `
			0 ask a1 go
			0 ask a2 go
			0 ask a3 1/1
			0 ask a4 2/2
			0 ask a5 no
			0 ask b1 3/3`},
		{"who has his share of slots is passed by", `
			0   slots 3
			0   ask a1 go
			0   ask b1 go
			0   ask b2 go
			0   ask b3 1/1
			0   ask c1 2/2
			1   done a1
			31  ask b3 1/2
			50  ask c1 go
			51  done b1
			100 ask b3 go`},
		{"as many places as there are, and one more", `
			0 ask a1 go
			0 ask b1 go
			0 ask c1 1/1
			0 ask d1 2/2
			0 ask e1 3/3
			0 ask f1 4/4
			0 ask g1 no`},
		{"one place for an address and file", `
			0 ask a1 go
			0 ask b1 go
			0 ask c1 1/1
			1 ask c1 1/1`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { queueScript(t, tt.script) })
	}
}
