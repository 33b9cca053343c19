package portmap

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/nat"
)

// Codes of UPnP that are not just a no (WANIPConnection:2, 2.5).
const (
	noSuchEntry   = 714
	conflict      = 718
	onlyPermanent = 725
)

// portTries is how many outside ports are asked for where others have them.
const portTries = 4

// about is the name that users see in the tables of their routers.
const about = "Servent"

// upnp is a router that is asked by UPnP.
type upnp struct {
	gateway netip.Addr
	inside  uint16
	ask     []netip.AddrPort // where to search
	wait    time.Duration    // for the first answers
	service *connection      // nil before it was found
	outside netip.Addr
}

// probe finds a connection of the router that has an outside address. One that was
// found before is asked first; a router that has restarted may be somewhere else.
func (u *upnp) probe(ctx context.Context) error {
	if u.service != nil && u.use(ctx, *u.service) == nil {
		return nil
	}
	u.service = nil
	return search(ctx, u.gateway, u.ask, u.wait, func(at *url.URL) error {
		found, err := describe(ctx, at, u.gateway)
		for _, c := range found {
			if err = u.use(ctx, c); err == nil {
				return nil
			}
		}
		return err
	})
}

// use asks a connection for its outside address.
func (u *upnp) use(ctx context.Context, c connection) error {
	text, err := c.GetExternalIPAddressCtx(ctx)
	if err != nil {
		return c.plain(ctx, err)
	}
	a, err := parseOutside(text)
	if err == nil {
		u.service, u.outside = &c, a
	}
	return err
}

// parseOutside reads the outside address, which routers leave empty or zero when
// they have none.
func parseOutside(s string) (netip.Addr, error) {
	if s = strings.TrimSpace(s); s == "" {
		return netip.Addr{}, errNoOutside
	}
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil || !a.Unmap().Is4():
		return netip.Addr{}, errGarbled
	case a.Unmap().IsUnspecified():
		return netip.Addr{}, errNoOutside
	}
	return a.Unmap(), nil
}

// add asks for the port wished for, and for others where that one is taken. It looks
// first: some routers give a port that another machine has to whoever asks last. And
// it looks again: some say yes and do nothing.
func (u *upnp) add(ctx context.Context, t nat.Transport, wish uint16) (mapping, error) {
	err := u.probe(ctx)
	if err != nil {
		return mapping{}, err
	}
	own := towards(u.gateway)
	for range portTries {
		if err = u.claim(ctx, t, wish, own); err == nil {
			return mapping{UPnP, t, netip.AddrPortFrom(u.outside, wish), Lease, 0}, nil
		}
		if !errors.Is(err, refusal{UPnP, conflict}) {
			break
		}
		wish = uint16(1024 + rand.N(1<<16-1024))
	}
	return mapping{}, err
}

// claim makes one mapping.
func (u *upnp) claim(ctx context.Context, t nat.Transport, outside uint16, own netip.Addr) error {
	if who, _ := u.holder(ctx, t, outside, own); who == others {
		return refusal{UPnP, conflict}
	}
	err := u.put(ctx, t, outside, own, Lease)
	if errors.Is(err, refusal{UPnP, onlyPermanent}) {
		err = u.put(ctx, t, outside, own, 0)
	}
	if err != nil {
		return err
	}
	if who, _ := u.holder(ctx, t, outside, own); who == nobody || who == others {
		return errEmpty
	}
	return nil
}

func (u *upnp) put(ctx context.Context, t nat.Transport, outside uint16, own netip.Addr, lease time.Duration) error {
	seconds := uint32(lease / time.Second)
	return u.service.plain(ctx, u.service.AddPortMappingCtx(ctx, "", outside, t.String(), u.inside, own.String(), true, about, seconds))
}

// holder is whose an outside port is.
type holder int

const (
	unknown holder = iota // the router does not say
	nobody
	ours
	others
)

// holder asks whose an outside port is; the error says why that is unknown.
func (u *upnp) holder(ctx context.Context, t nat.Transport, outside uint16, own netip.Addr) (holder, error) {
	inside, host, _, _, _, err := u.service.GetSpecificPortMappingEntryCtx(ctx, "", outside, t.String())
	err = u.service.plain(ctx, err)
	switch {
	case errors.Is(err, refusal{UPnP, noSuchEntry}):
		return nobody, nil
	case err != nil:
		return unknown, err
	case inside == u.inside && strings.TrimSpace(host) == own.String():
		return ours, nil
	}
	return others, nil
}

// check asks for the outside address and for the mapping. A router that cannot be
// asked for mappings is believed.
func (u *upnp) check(ctx context.Context, m mapping) (mapping, error) {
	if err := u.probe(ctx); err != nil {
		return m, err
	}
	m.outside = netip.AddrPortFrom(u.outside, m.outside.Port())
	switch who, err := u.holder(ctx, m.transport, m.outside.Port(), towards(u.gateway)); {
	case who == nobody || who == others:
		return m, errLost
	case errors.Is(err, errSilent):
		return m, err
	}
	return m, nil
}

// remove deletes the mapping. That it is gone already is no error.
func (u *upnp) remove(ctx context.Context, m mapping) error {
	if u.service == nil {
		return nil
	}
	err := u.service.plain(ctx, u.service.DeletePortMappingCtx(ctx, "", m.outside.Port(), m.transport.String()))
	if errors.Is(err, refusal{UPnP, noSuchEntry}) {
		return nil
	}
	return err
}
