package sim

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
)

// message makes what `send u->a KIND ttl=1 hops=0 id=q` says. Without id it is
// one of its own. By kind:
//
//	PING ggep=SCP                  (without data)
//	PONG of=b
//	QUERY text="blue danube" pad=900 urn="file name"   (pad: bytes of extensions)
//	QUERY text="blue danube" oob=b  (hits shall go to b over UDP)
//	HIT of=b name="blue danube.ogg" oob=q token=00 (over UDP, for search q)
//	PUSH to=b back=c file=1
//	BYE code=200 text="why"
//	QRP reset=1024 | QRP words="blue danube" | QRP seq=2 of=3
//	HOPSFLOW n=2
//	JUNK kind=0x80 size=2          (a payload of zeros)
func (s *script) message(c command) ([]byte, error) {
	h := protocol.Header{ID: s.id(c.get("id")), TTL: 1}
	if f := s.floods[c.get("oob")]; f != nil { // the search's id on the wire
		h.ID = f.ID.WithAddr(s.w.Addr(f.From))
	} else if a := s.addr(c.get("oob")); a.IsValid() {
		h.ID = h.ID.WithAddr(a)
	}
	if v := c.get("ttl"); v != "" {
		n, err := strconv.ParseUint(v, 10, 8)
		if err != nil {
			return nil, err
		}
		h.TTL = uint8(n)
	}
	hops, err := strconv.ParseUint("0"+c.get("hops"), 10, 8)
	if err != nil {
		return nil, err
	}
	h.Hops = uint8(hops)
	kind, p, err := s.payload(c)
	h.Kind = kind
	return protocol.AppendMessage(nil, h, p), err
}

func (s *script) payload(c command) (protocol.Kind, protocol.Payload, error) {
	switch c.arg(1) {
	case "PING":
		return protocol.KindPing, protocol.Ping{Ext: ggep(c)}, nil
	case "PONG":
		a := s.addr(c.get("of"))
		return protocol.KindPong, protocol.Pong{Addr: a, KBytes: 8, Ext: protocol.AppendGGEP(nil, protocol.AddrItem(a.Addr())...)}, nil
	case "QUERY":
		q := query(c)
		if c.get("oob") != "" {
			q.Flags |= protocol.FlagOOB
			q.Ext = protocol.AppendGGEP(q.Ext, protocol.NewGGEP(protocol.GGEPToken, nil))
		}
		return protocol.KindQuery, q, nil
	case "HIT":
		return protocol.KindQueryHit, withToken(s.hit(c), c.get("token")), nil
	case "PUSH":
		n, err := strconv.ParseUint("0"+c.get("file"), 10, 32)
		to := s.w.GUID(s.byName[c.get("to")])
		return protocol.KindPush, protocol.Push{Servent: to, Index: uint32(n), Addr: s.addr(c.get("back"))}, err
	case "BYE":
		n, err := strconv.ParseUint(c.get("code"), 10, 16)
		return protocol.KindBye, protocol.Bye{Code: uint16(n), Text: []byte(c.get("text") + "\x00")}, err
	case "QRP":
		p, err := table(c)
		return protocol.KindQRP, p, err
	case "HOPSFLOW":
		n, err := strconv.ParseUint(c.get("n"), 10, 8)
		return protocol.KindVendor, protocol.Vendor{Code: [4]byte([]byte("BEAR")), Selector: 4, Version: 1, Data: []byte{byte(n)}}, err
	case "JUNK":
		kind, err := strconv.ParseUint(c.get("kind"), 0, 8)
		size, _ := strconv.Atoi(c.get("size"))
		return protocol.Kind(kind), rawPayload(make([]byte, size)), err
	}
	return 0, nil, fmt.Errorf("no such message %q", c.arg(1))
}

// addr returns where the node of that name lives, or the address that it is.
func (s *script) addr(name string) netip.AddrPort {
	if id, ok := s.byName[name]; ok {
		return s.w.Addr(id)
	}
	a, _ := netip.ParseAddrPort(name)
	return a
}

func query(c command) protocol.Query {
	q := protocol.Query{Flags: protocol.FlagMarker, Text: []byte(c.get("text"))}
	if name := c.get("urn"); name != "" {
		q.Ext = append(q.Ext, FileNamed(name).URN.SHA1URN()...)
	}
	if n, err := strconv.Atoi(c.get("pad")); err == nil {
		q.Ext = append(q.Ext, bytes.Repeat([]byte{'x'}, n)...)
	}
	return q
}

func (s *script) hit(c command) protocol.QueryHit {
	of := c.get("of")
	record := FileNamed(c.get("name")).Record().Append(nil)
	return protocol.QueryHit{
		Addr: s.addr(of), Count: 1, Records: record,
		Trailer: protocol.QHD{Vendor: "STRG"}.Append(nil), Servent: s.w.GUID(s.byName[of]),
	}
}

// rawPayload is a payload that is encoded already.
type rawPayload []byte

func (r rawPayload) Append(b []byte) []byte { return append(b, r...) }

// table makes one QRP message: RESET, or the only PATCH of a table of 1024
// slots that holds the words, or a PATCH with a number of its own.
func table(c command) (protocol.Payload, error) {
	if v := c.get("reset"); v != "" {
		n, err := strconv.ParseUint(v, 10, 32)
		return protocol.Reset{Slots: uint32(n), Infinity: 7}, err
	}
	if v := c.get("seq"); v != "" {
		seq, err := strconv.ParseUint(v, 10, 8)
		of, _ := strconv.ParseUint(c.get("of"), 10, 8)
		return protocol.RoutePatch{Seq: uint8(seq), Of: uint8(of), Bits: 8, Data: make([]byte, 16)}, err
	}
	t := protocol.NewRouteTable(10)
	search.AddWords(t, c.get("words"))
	parts := t.AppendPatch(nil, nil, 7)
	if len(parts) != 2 {
		return nil, fmt.Errorf("a table in %d messages, not RESET and PATCH", len(parts))
	}
	return rawPayload(parts[1]), nil
}
