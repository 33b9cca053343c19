package reach

import (
	"crypto/ed25519"
	"net"
	"net/netip"
	"testing"

	"github.com/seed282dab8e/servent/nat/stun"
	"github.com/seed282dab8e/servent/protocol"
)

// BenchmarkDatagrams reads Gnutella messages of 100 bytes from a socket that carries
// nothing else, and from one that serves STUN, meets as many as it may and listens for
// QUIC: what all that costs those who only pass messages on.
func BenchmarkDatagrams(b *testing.B) {
	for _, beside := range []bool{false, true} {
		name := map[bool]string{false: "alone", true: "beside STUN, meetings and QUIC"}[beside]
		b.Run(name, func(b *testing.B) {
			c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
			if err != nil {
				b.Fatal(err)
			}
			var key ed25519.PrivateKey
			if beside {
				key = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
			}
			s := NewSocket(c, key)
			s.Serve(beside)
			for i := 0; beside && i < maxMeetings; i++ {
				m, err := s.Meet(stun.Token{byte(i)}, stun.Asking, protocol.GUID{})
				if err != nil {
					b.Fatal(err)
				}
				defer m.End()
			}
			ended := make(chan struct{})
			go func() { s.Run(); close(ended) }()
			from, err := net.Dial("udp", c.LocalAddr().String())
			if err != nil {
				b.Fatal(err)
			}
			msg := gnutella(1, make([]byte, 100-protocol.HeaderSize))
			const burst = 64 // what waits fits every buffer
			b.ReportAllocs()
			for n := 0; n < b.N; n += burst {
				for range burst {
					if _, err := from.Write(msg); err != nil {
						b.Fatal(err)
					}
				}
				for range burst {
					<-s.Messages()
				}
			}
			b.StopTimer()
			_ = from.Close()
			s.Close()
			<-ended
		})
	}
}
