package servent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
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
