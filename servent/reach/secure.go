package reach

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/seed282dab8e/servent/nat/stun"
	"github.com/seed282dab8e/servent/protocol"
)

// Secure makes a connection that somebody else carries one that only the peer can read
// (TLS 1.3, with the keys that GUIDs are hashes of). Who was asked for the meeting speaks
// first. The caller closes conn where it fails.
func (s *Socket) Secure(ctx context.Context, conn net.Conn, side stun.Side, peer protocol.GUID) (net.Conn, error) {
	if s.streams == nil {
		return nil, ErrNoQUIC
	}
	conf := s.streams.tlsFor(peer)
	c := tls.Server(conn, conf)
	if side == stun.Asked {
		c = tls.Client(conn, conf)
	}
	return c, c.HandshakeContext(ctx)
}
