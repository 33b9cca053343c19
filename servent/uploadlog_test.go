package servent

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/library"
	"github.com/seed282dab8e/servent/servent/transfer"
)

// TestUploadLog: all parts of a file that go to one host are told of once: when they are
// the whole, when one is broken off, when no more are asked for, and at the end.
func TestUploadLog(t *testing.T) {
	part := func(host string, file byte, bytes uint64, whole bool) transfer.Upload {
		return transfer.Upload{
			File: library.File{Rel: "x", Size: 100, URN: protocol.URN{SHA1: protocol.SHA1{file}, HasSHA1: true}},
			Addr: netip.MustParseAddrPort(host), Bytes: bytes, Whole: whole,
		}
	}
	synctest.Test(t, func(t *testing.T) {
		var told []UploadInfo
		l := uploadLog{tell: func(u *UploadInfo) { told = append(told, *u) }}
		want := func(what string, bytes ...uint64) {
			t.Helper()
			synctest.Wait()
			var got []uint64
			for _, u := range told {
				got = append(got, u.Bytes)
			}
			if told = nil; !slices.Equal(got, bytes) {
				t.Errorf("%s: told of %d, want %d", what, got, bytes)
			}
		}
		l.sent(part("1.1.1.1:1", 1, 60, true))
		l.sent(part("1.1.1.1:2", 1, 39, true))
		want("all but a byte")
		l.sent(part("1.1.1.1:2", 1, 1, true))
		want("the whole", 100)
		l.sent(part("1.1.1.1:1", 1, 10, true))
		l.sent(part("1.1.1.1:1", 2, 20, true))
		l.sent(part("2.2.2.2:1", 1, 30, true))
		l.sent(part("2.2.2.2:1", 1, 4, false))
		want("broken off", 34)
		time.Sleep(uploadQuiet - 1)
		l.sent(part("1.1.1.1:1", 2, 1, true))
		time.Sleep(time.Nanosecond)
		want("nothing more for long enough", 10)
		time.Sleep(uploadQuiet - 2)
		want("not yet")
		l.close()
		want("at the end", 21)
		time.Sleep(2 * uploadQuiet)
		want("and no more")
	})
}
