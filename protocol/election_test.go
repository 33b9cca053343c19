package protocol

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"testing"
	"time"
)

func TestElectionMessages(t *testing.T) {
	srvt := hex.EncodeToString([]byte("SRVT"))
	to := []netip.AddrPort{netip.MustParseAddrPort("5.9.0.1:7001"), netip.MustParseAddrPort("[2001:db8::1]:6346")}
	for _, c := range []struct {
		v    Vendor
		want string
	}{
		{NewPlaces(258, 300), srvt + "05000100" + "02012c01"},
		{NewPlaces(70_000, 70_000), srvt + "05000100" + "ffffffff"},
		{NewCandidate(true, 258*time.Second), srvt + "06000100" + "01" + "02010000"},
		{NewProbe(MaxProbe), srvt + "07000100" + "00000100"},
		{NewProbeData([]byte{1, 2}), srvt + "08000100" + "0102"},
		{NewCalled(GUID{1, 15: 2}), srvt + "09000100" + "01000000000000000000000000000002"},
		{NewPromote(65536), srvt + "0a000100" + "00000100"},
		{NewHandOver(to), srvt + "0b000100" + "00000000000000000000ffff05090001591b" + "20010db8000000000000000000000001ca18"},
	} {
		wantEqual(t, c.v.ID().String(), hex.EncodeToString(c.v.Append(nil)), c.want)
	}
	taken, total, err := VendorPlaces.with(44, 1, 10, 0).Places()
	wantEqual(t, "taken, never over the total", taken, 10)
	wantEqual(t, "total", total, 10)
	wantEqual(t, "error", err, nil)
	got, err := NewHandOver(to).HandOver()
	if err != nil || len(got) != 2 || got[0] != to[0] || got[1] != to[1] {
		t.Errorf("successors %v, %v", got, err)
	}
	many := make([]netip.AddrPort, MaxSuccessors+1)
	for i := range many {
		many[i] = to[0]
	}
	got, err = NewHandOver(many).HandOver()
	wantEqual(t, "error", err, nil)
	wantEqual(t, "successors", len(got), MaxSuccessors)
}

// TestElectionBounds: at the limit and one past it.
func TestElectionBounds(t *testing.T) {
	for _, c := range []struct {
		name string
		read func([]byte) error
		data []byte
		want ErrorKind
		ok   bool
	}{
		{"places", func(b []byte) error { _, _, err := Vendor{Data: b}.Places(); return err }, make([]byte, 4), 0, true},
		{"places", func(b []byte) error { _, _, err := Vendor{Data: b}.Places(); return err }, make([]byte, 3), Truncated, false},
		{"candidate", func(b []byte) error { _, _, err := Vendor{Data: b}.Candidate(); return err }, make([]byte, 4), Truncated, false},
		{"probe", func(b []byte) error { _, err := Vendor{Data: b}.Probe(); return err }, NewProbe(MinProbe).Data, 0, true},
		{"probe", func(b []byte) error { _, err := Vendor{Data: b}.Probe(); return err }, NewProbe(MinProbe - 1).Data, Malformed, false},
		{"probe", func(b []byte) error { _, err := Vendor{Data: b}.Probe(); return err }, NewProbe(MaxProbe).Data, 0, true},
		{"probe", func(b []byte) error { _, err := Vendor{Data: b}.Probe(); return err }, NewProbe(MaxProbe + 1).Data, Malformed, false},
		{"probe", func(b []byte) error { _, err := Vendor{Data: b}.Probe(); return err }, make([]byte, 3), Truncated, false},
		{"probe data", func(b []byte) error { _, err := Vendor{Data: b}.ProbeData(); return err }, make([]byte, ProbeChunk), 0, true},
		{"probe data", func(b []byte) error { _, err := Vendor{Data: b}.ProbeData(); return err }, make([]byte, ProbeChunk+1), TooLarge, false},
		{"called", func(b []byte) error { _, err := Vendor{Data: b}.Called(); return err }, make([]byte, 15), Truncated, false},
		{"promote", func(b []byte) error { _, err := Vendor{Data: b}.Promote(); return err }, make([]byte, 3), Truncated, false},
		{"hand over", func(b []byte) error { _, err := Vendor{Data: b}.HandOver(); return err }, make([]byte, 18*MaxSuccessors), 0, true},
		{"hand over", func(b []byte) error { _, err := Vendor{Data: b}.HandOver(); return err }, make([]byte, 18*(MaxSuccessors+1)), TooLarge, false},
		{"hand over", func(b []byte) error { _, err := Vendor{Data: b}.HandOver(); return err }, make([]byte, 17), Truncated, false},
	} {
		if err := c.read(c.data); c.ok != (err == nil) {
			t.Errorf("%s of %d bytes: %v", c.name, len(c.data), err)
		} else if !c.ok {
			wantFault(t, err, c.want)
		}
	}
}

// TestProbeStream: the bytes follow from the id alone, however they are cut, and
// are not those of another id.
func TestProbeStream(t *testing.T) {
	whole := NewProbeStream(GUID{1}).Next(100)
	parts := NewProbeStream(GUID{1})
	if got := append(parts.Next(37), parts.Next(63)...); !bytes.Equal(got, whole) {
		t.Errorf("in parts %x, at once %x", got, whole)
	}
	if bytes.Equal(NewProbeStream(GUID{2}).Next(100), whole) {
		t.Error("another id gives the same")
	}
	wantEqual(t, "the first bytes", hex.EncodeToString(whole[:8]), "70c2e19a82abd1f3")
}
