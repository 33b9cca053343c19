package main

import (
	"math"
	"net/netip"

	"github.com/seed282dab8e/servent/protocol"
)

const (
	// queryTTL is what our own kind sends queries with.
	queryTTL = 7
	// askedQueries is how many queries the hits of 1 to 1 answer in turn.
	askedQueries = 1000
)

// queries is a flood of keyword queries as other servents send them: words,
// then GGEP. Each has an id of its own.
func queries() stream {
	return relayed(protocol.Header{Kind: protocol.KindQuery, TTL: queryTTL}, queryPayload(), math.MaxUint64)
}

func queryPayload() protocol.Query {
	q := protocol.Query{
		Flags: protocol.FlagMarker | protocol.FlagGGEPH,
		Text:  []byte("blue moon over kentucky bill monroe live"),
	}
	ext := func(key int) []byte {
		return protocol.AppendGGEP(nil,
			protocol.NewGGEP("M", []byte{0x04}), protocol.NewGGEP("NP", nil), protocol.NewGGEP("QK", make([]byte, key)))
	}
	q.Ext = ext(0)
	q.Ext = ext(messageSize - protocol.HeaderSize - len(q.Append(nil)))
	return q
}

// hits answer the first askedQueries of queries in turn, one file each.
func hits() stream {
	const name = "bill monroe - blue moon (1947).ogg"
	h := protocol.QueryHit{
		Addr: netip.MustParseAddrPort("127.0.0.1:6346"), Count: 1, Speed: 1000,
		Records: protocol.HitRecord{Index: 1, Size: 3 << 20, Name: []byte(name[:33])}.Append(nil),
		Trailer: protocol.QHD{Vendor: "SRVT"}.Append(nil),
		Servent: protocol.GUID{0: 'h'},
	}
	return relayed(protocol.Header{Kind: protocol.KindQueryHit, TTL: queryTTL}, h, askedQueries)
}

// relayed is a stream of messages that arrive with one hop more.
func relayed(h protocol.Header, p protocol.Payload, period uint64) stream {
	h.ID = h.ID.Marked()
	sent := protocol.AppendMessage(nil, h, p)
	h.TTL, h.Hops = h.TTL-1, h.Hops+1
	return stream{sent: template{bytes: sent}, got: template{bytes: protocol.AppendMessage(nil, h, p)}, period: period}
}
