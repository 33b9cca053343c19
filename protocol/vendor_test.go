package protocol

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"testing"
)

func TestMessageIDString(t *testing.T) {
	for want, m := range map[string]MessageID{
		"null/0v0":      {},
		"null/10v0":     {Selector: 10},
		"BEAR/7v1":      {[4]byte{'B', 'E', 'A', 'R'}, 7, 1},
		"SR?T/65535v65": {[4]byte{'S', 'R', 0x1b, 'T'}, 65535, 65},
		"????/1v1":      {[4]byte{0, ' ', 0xff, 0x7f}, 1, 1},
	} {
		wantEqual(t, "text", m.String(), want)
	}
}

func TestVendorType(t *testing.T) {
	seen := map[string]VendorType{}
	for _, c := range []struct {
		typ VendorType
		id  string
	}{
		{VendorMessagesSupported, "null/0v0"},
		{VendorFeaturesSupported, "null/10v0"},
		{VendorHopsFlow, "BEAR/4v1"},
		{VendorConnectBack, "BEAR/7v1"},
		{VendorUDPConnectBack, "GTKG/7v2"},
		{VendorStatusRequest, "BEAR/11v1"},
		{VendorQueryStatus, "BEAR/12v1"},
		{VendorProxyRequest, "LIME/21v2"},
		{VendorProxyAck, "LIME/22v2"},
		{VendorProxyCancel, "GTKG/21v1"},
		{VendorCrawlPing, "LIME/5v1"},
		{VendorCrawlPong, "LIME/6v1"},
		{VendorHitsWanted, "LIME/11v3"},
		{VendorHitsReady, "LIME/12v3"},
		{VendorHeadPing, "LIME/23v1"},
		{VendorHeadPong, "LIME/24v1"},
		{VendorNeighbours, "SRVT/1v1"},
		{VendorListOffer, "SRVT/2v1"},
		{VendorListAnswer, "SRVT/3v1"},
		{VendorListPart, "SRVT/4v1"},
		{VendorPlaces, "SRVT/5v1"},
		{VendorCandidate, "SRVT/6v1"},
		{VendorProbe, "SRVT/7v1"},
		{VendorProbeData, "SRVT/8v1"},
		{VendorCalled, "SRVT/9v1"},
		{VendorPromote, "SRVT/10v1"},
		{VendorHandOver, "SRVT/11v1"},
	} {
		wantEqual(t, "id", c.typ.ID().String(), c.id)
		v := c.typ.with(1, 2)
		v.Version += 5
		wantEqual(t, "type of a later version", v.Type(), c.typ)
		seen[c.id] = c.typ
	}
	wantEqual(t, "number of types", len(seen), int(vendorTypes)-1)
	wantEqual(t, "type of another selector", Vendor{Selector: 3}.Type(), VendorUnknown)
	wantEqual(t, "id of no type", VendorUnknown.ID(), MessageID{})
	wantEqual(t, "id past the last type", vendorTypes.ID(), MessageID{})
}

// TestVendorMessages checks the bytes of the messages that have a constructor, and
// that they are read as they were written.
func TestVendorMessages(t *testing.T) {
	addr := netip.MustParseAddrPort("5.9.0.1:7001")
	for _, c := range []struct {
		v    Vendor
		want string
	}{
		{NewHopsFlow(3), hex.EncodeToString([]byte("BEAR")) + "04000100" + "03"},
		{NewConnectBack(6346), hex.EncodeToString([]byte("BEAR")) + "07000100" + "ca18"},
		{NewQueryStatus(258), hex.EncodeToString([]byte("BEAR")) + "0c000100" + "0201"},
		{NewProxyRequest(), hex.EncodeToString([]byte("LIME")) + "15000200"},
		{NewProxyAck(addr), hex.EncodeToString([]byte("LIME")) + "16000200" + "050900015" + "91b"},
	} {
		wantEqual(t, c.v.ID().String(), hex.EncodeToString(c.v.Append(nil)), c.want)
		got := parsed[Vendor](t)(ParseVendor(c.v.Append(nil)))
		if got.ID() != c.v.ID() || !bytes.Equal(got.Data, c.v.Data) {
			t.Errorf("parsed as %+v, want %+v", got, c.v)
		}
	}
	wantEqual(t, "hops flow", parsed[uint8](t)(NewHopsFlow(3).HopsFlow()), 3)
	wantEqual(t, "port", parsed[uint16](t)(NewConnectBack(6346).ConnectBack()), 6346)
	wantEqual(t, "kept", parsed[uint16](t)(NewQueryStatus(258).QueryStatus()), 258)
	wantEqual(t, "proxy", parsed[netip.AddrPort](t)(NewProxyAck(addr).ProxyAck()), addr)

	v1 := Vendor{Version: 1, Data: []byte{0xca, 0x18}}
	wantEqual(t, "proxy in version 1", parsed[netip.AddrPort](t)(v1.ProxyAck()), netip.AddrPortFrom(netip.Addr{}, 6346))
}

func TestVendorDataTooShort(t *testing.T) {
	_, err := Vendor{}.HopsFlow()
	wantFault(t, err, Truncated)
	_, err = Vendor{Data: make([]byte, 1)}.ConnectBack()
	wantFault(t, err, Truncated)
	_, err = Vendor{Data: make([]byte, 2)}.ConnectBack()
	wantFault(t, err, Malformed)
	_, err = Vendor{Data: make([]byte, 1)}.QueryStatus()
	wantFault(t, err, Truncated)
	_, err = Vendor{Version: 1, Data: make([]byte, 1)}.ProxyAck()
	wantFault(t, err, Truncated)
	_, err = Vendor{Version: 2, Data: make([]byte, 5)}.ProxyAck()
	wantFault(t, err, Truncated)
}

func TestSupportedLists(t *testing.T) {
	ids := make([]MessageID, MaxSupported+1)
	features := make([]Feature, MaxSupported+1)
	for i := range ids {
		ids[i].Selector, features[i].Version = uint16(i), uint16(i)
	}
	for _, n := range []int{0, 1, MaxSupported} {
		data := AppendMessagesSupported(nil, ids[:n]...)
		got := parsed[[]MessageID](t)(ParseMessagesSupported(append(data, 1)))
		wantEqual(t, "messages", len(got), n)
		wantEqual(t, "messages again", string(AppendMessagesSupported(nil, got...)), string(data))

		data = AppendFeaturesSupported(nil, features[:n]...)
		list := parsed[[]Feature](t)(ParseFeaturesSupported(append(data, 1)))
		wantEqual(t, "features", len(list), n)
		wantEqual(t, "features again", string(AppendFeaturesSupported(nil, list...)), string(data))
	}
	wantEqual(t, "size of too many messages", len(AppendMessagesSupported(nil, ids...)), 2+8*MaxSupported)
	wantEqual(t, "size of too many features", len(AppendFeaturesSupported(nil, features...)), 2+6*MaxSupported)
}

func TestSupportedListsWrong(t *testing.T) {
	many := append([]byte{(MaxSupported + 1) & 0xff, (MaxSupported + 1) >> 8}, make([]byte, 8*(MaxSupported+1))...)
	for _, c := range []struct {
		data []byte
		kind ErrorKind
	}{
		{nil, Truncated},
		{[]byte{1}, Truncated},
		{[]byte{1, 0, 0, 0, 0, 0, 0}, Truncated},
		{[]byte{0xff, 0xff}, TooLarge},
		{many, TooLarge},
	} {
		_, err := ParseMessagesSupported(c.data)
		wantFault(t, err, c.kind)
		_, err = ParseFeaturesSupported(c.data)
		wantFault(t, err, c.kind)
	}
}
