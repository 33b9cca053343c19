package protocol

import (
	"encoding/hex"
	"net/netip"
	"testing"
)

func TestPush(t *testing.T) {
	p := Push{Servent: GUID{0xaa, 15: 0xbb}, Index: 0x01020304, Addr: netip.MustParseAddrPort("5.6.7.8:6346"), Ext: []byte{0xc3}}
	b := p.Append(nil)
	wantEqual(t, "bytes", hex.EncodeToString(b), "aa0000000000000000000000000000bb"+"04030201"+"05060708"+"ca18"+"c3")
	got, err := ParsePush(b)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "servent", got.Servent, p.Servent)
	wantEqual(t, "index", got.Index, p.Index)
	wantEqual(t, "address", got.Addr, p.Addr)
	wantEqual(t, "extensions", string(got.Ext), "\xc3")
}
