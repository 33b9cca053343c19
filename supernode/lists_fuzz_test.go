package supernode

import (
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// FuzzLists plays any sequence of offers, parts and ends of links: nothing panics,
// limits hold, and the index that follows has what the registry has.
func FuzzLists(f *testing.F) {
	good := wholeOf(songs(1, 3))[0]
	body, _ := good.Body()
	f.Add([]byte{0, 1, 1, 3, 1, 1, 3, byte(len(body))}, body)
	f.Add([]byte{0, 1, 1, 3, 1, 1, 1, 40, 1, 1, 2, 90, 2, 1, 0, 0, 0, 2, 1, 3, 3, 0, 0, 0}, body)
	f.Fuzz(func(t *testing.T, script, body []byte) {
		cfg := ListsConfig{MaxFiles: 8, MaxTotal: 12, MaxBytes: 16 << 10, Keep: time.Minute}
		x, index := NewLists(cfg), follower{}
		for now := time.Duration(0); len(script) >= 4; script = script[4:] {
			playStep(x, now, script, &body)
			now += 10 * time.Second
			if s := x.Stats(); x.files > cfg.MaxTotal || s.Files > x.files || s.Leaves > 3 || s.Bytes > cfg.MaxBytes*5/4 {
				t.Fatalf("past the limits: %d files, %+v", x.files, s)
			}
		}
		for index.follow(x); x.Expire(time.Hour) > 0; {
			index.follow(x)
		}
		if index.follow(x); len(index) != len(x.IDs()) || len(index) != x.Stats().Files {
			t.Fatalf("%d documents in the index, %d in the registry, %+v", len(index), len(x.IDs()), x.Stats())
		}
		for id := range index {
			if d, ok := x.Doc(id); !ok || d != index[id] {
				t.Fatalf("document %d: %+v in the index, %+v", id, index[id], d)
			}
		}
	})
}

// playStep does what four bytes say; parts take their bodies from body.
func playStep(x *Lists, now time.Duration, b []byte, body *[]byte) {
	link := uint32(b[1] % 3)
	switch b[0] % 4 {
	case 0:
		digest := protocol.ListDigest{}
		if l := x.byID[guid(int(b[2]%4))]; l != nil && b[3]&128 != 0 {
			digest = l.digest
		} else if b[2]&128 != 0 {
			digest[0] = b[3]
		}
		x.Offer(now, Leaf{Link: link, ID: guid(int(b[2] % 4))}, digest, uint32(b[3]&127))
	case 1:
		n := min(int(b[3]), len(*body))
		p := protocol.NewListPart((*body)[:n])
		*body = (*body)[n:]
		p.First, p.Last = b[2]&1 != 0, b[2]&2 != 0
		if l := x.byLink[link]; l != nil && b[2]&4 != 0 {
			p.Digest, p.Files = l.digest, uint32(len(l.places))
		}
		x.Part(now, link, p)
	case 2:
		x.Gone(now, link)
	case 3:
		x.Expire(now)
	}
}
