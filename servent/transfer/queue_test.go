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
// Answers are "go", "2/3" for the second place of three, and "no" for none. Two
// slots, two of them and two places for each address, four places, 30 s pace.
func queueScript(t *testing.T, script string) *uploadQueue {
	t.Helper()
	ids := 0
	q := &uploadQueue{slots: 2, perHost: 2, perSlot: 2, max: 4, pace: 30 * time.Second, hold: 10 * time.Second, newID: func() string {
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
		u := upload{host: netip.AddrFrom4([4]byte{10, 0, 0, f[2][0]}), file: protocol.SHA1{f[2][1]}}
		switch f[1] {
		case "done":
			q.done(now, u, piece{})
		case "part":
			q.done(now, u, piece{Range: protocol.Range{End: 1}, size: 9})
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

func TestQueue(t *testing.T) {
	tests := []struct{ name, script string }{
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
