package servent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"

	"github.com/seed282dab8e/servent/nat"
)

// Piped has a servent with that configuration listen on in-memory pipes, dial
// nobody and resolve no name, so that it runs under virtual time. knock connects
// to it from an address.
func Piped(cfg *Config) (knock func(from string) net.Conn) {
	p := newPipes()
	cfg.listener, cfg.dial = p, noDials
	cfg.resolve = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("there are no names") }
	return p.knockFrom
}

// DialOnly has a servent with that configuration connect to these addresses only, as if
// firewalls kept it from all others.
func DialOnly(cfg *Config, to ...netip.AddrPort) {
	cfg.dial = func(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
		if !slices.Contains(to, a) {
			return nil, errors.New("a firewall")
		}
		var d net.Dialer
		return d.DialContext(ctx, "tcp", a.String())
	}
}

// Seal has a servent with that configuration meet nobody half way by the transports that
// are not open.
func Seal(cfg *Config, udpOpen, tcpOpen bool) {
	cfg.sealed = [2]bool{nat.UDP: !udpOpen, nat.TCP: !tcpOpen}
}
