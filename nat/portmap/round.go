package portmap

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/nat"
)

// next is how long nothing need be done.
func (m *Mapper) next() time.Duration {
	if m.lost != nil {
		return lookEvery
	}
	t := now()
	first := t.Add(lookEvery)
	sooner := func(at time.Time) {
		if at.Before(first) {
			first = at
		}
	}
	for i := range m.slots {
		switch s := &m.slots[i]; {
		case !s.mapped():
			sooner(m.retry)
		case s.denied:
			sooner(s.redo())
		default:
			sooner(s.renew)
			sooner(s.check)
		}
	}
	return max(atLeast, first.Sub(t))
}

// redo is when a denied mapping may be made anew.
func (s *slot) redo() time.Time { return s.made.Add(double(denyEvery, s.denials)) }

// double is d doubled n times, maxRetry at most.
func double(d time.Duration, n int) time.Duration {
	for range n {
		if d *= 2; d > maxRetry {
			return maxRetry
		}
	}
	return d
}

// round does what is due.
func (m *Mapper) round(ctx context.Context) {
	m.look()
	if m.lost == nil {
		for t := range transports {
			if m.slots[t].mapped() {
				m.keep(ctx, &m.slots[t])
			}
		}
		if m.missing() && !now().Before(m.retry) {
			m.mapMissing(ctx)
		}
	}
	m.publish()
}

// look finds out where the machine is. Elsewhere all begins anew: mappings of another
// network cannot be removed from here.
func (m *Mapper) look() {
	at, err := m.place()
	if m.lost = err; m.looked && at == m.at {
		return
	}
	if m.looked {
		m.cfg.Log.WithField("addr", at.gateway.String()).Info("network changed")
	}
	m.looked, m.at, m.pause, m.retry = true, at, 0, time.Time{}
	for t := range transports {
		m.slots[t] = slot{mapping: mapping{transport: t}, wish: m.cfg.Port}
	}
	m.forgive()
	if err != nil {
		for p := UPnP; p < protocols; p++ {
			m.note(p, err)
		}
		return
	}
	m.routers = m.cfg.routers(at)
}

// place returns where the machine is, the zero value when it has no router.
func (m *Mapper) place() (place, error) {
	gateway, err := m.cfg.Gateway()
	if err != nil {
		return place{}, err
	}
	own := towards(gateway)
	if !own.IsValid() {
		return place{}, errNoRouter
	}
	return place{gateway, own}, nil
}

// forgive forgets what was denied.
func (m *Mapper) forgive() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.denied = [transports]bool{}
}

// takeDenial says whether somebody has called Deny since the mapping was made.
func (m *Mapper) takeDenial(t nat.Transport) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	yes := m.denied[t]
	m.denied[t] = false
	return yes
}

// note keeps an error of a protocol that concerns both transports.
func (m *Mapper) note(p Protocol, err error) {
	for i := range m.slots {
		m.slots[i].fail(p, err)
	}
}

func (m *Mapper) missing() bool {
	return slices.ContainsFunc(m.slots[:], func(s slot) bool { return !s.mapped() })
}

// keep does what is due for a mapping. One that is lost for whatever reason is made
// anew in the same round.
func (m *Mapper) keep(ctx context.Context, s *slot) {
	s.denied = m.takeDenial(s.transport) || s.denied
	t := now()
	switch {
	case s.denied:
		if !t.Before(s.redo()) {
			m.replace(ctx, s, t)
		}
	case !t.Before(s.until): // the machine has slept, or the router says nothing
		m.drop(s, errLost)
	case !t.Before(s.renew), t.Before(s.made): // or the clock was set back
		m.renew(ctx, s, t)
	case !t.Before(s.check):
		m.check(ctx, s, t)
	}
}

// drop forgets a mapping and has it made anew at once.
func (m *Mapper) drop(s *slot, why error) {
	m.log(s.mapping).WithError(why).Info("port mapping lost")
	s.fail(s.protocol, why)
	s.clear()
	m.retry = time.Time{}
}

// replace removes a mapping that others have denied. Who was right for long is not
// held to account for what was before.
func (m *Mapper) replace(ctx context.Context, s *slot, t time.Time) {
	if s.denials++; t.Sub(s.made) > Lease {
		s.denials = 1
	}
	s.deniedAt[s.protocol] = t
	m.remove(ctx, s.mapping)
	m.drop(s, errDenied)
}

// renew asks again for what is there. A router that says nothing is asked again in
// half of the time that is left, one that refuses has no mapping for us.
func (m *Mapper) renew(ctx context.Context, s *slot, t time.Time) {
	was := s.mapping
	err := m.ask(ctx, s, was.protocol)
	var no refusal
	switch {
	case err == nil || ctx.Err() != nil:
	case errors.As(err, &no), errors.Is(err, errEmpty), errors.Is(err, errShort), errors.Is(err, errNoOutside):
		m.drop(s, err)
	default:
		s.renew = t.Add(max(s.until.Sub(t)/2, minLease/2))
		s.made = t // of this clock
	}
}

// check asks whether the router still has a mapping. Silence proves nothing: it may
// be starting.
func (m *Mapper) check(ctx context.Context, s *slot, t time.Time) {
	s.check = t.Add(checkEvery)
	var got mapping
	err := limited(ctx, func(ctx context.Context) (err error) {
		got, err = m.routers[s.protocol].check(ctx, s.mapping)
		return err
	})
	switch {
	case errors.Is(err, errLost):
		m.log(s.mapping).Info("port mapping lost, asking again")
		m.renew(ctx, s, t)
	case ctx.Err() != nil:
	case err != nil:
		s.fail(s.protocol, err)
	default:
		s.mapping = got
		s.heal(s.protocol)
	}
}

// ask has a protocol make or renew a mapping.
func (m *Mapper) ask(ctx context.Context, s *slot, p Protocol) error {
	t := now() // the lease begins when the router answers, or before
	s.open[p] = true
	var got mapping
	err := limited(ctx, func(ctx context.Context) (err error) {
		got, err = m.routers[p].add(ctx, s.transport, s.wish)
		return err
	})
	var no refusal
	if err == nil || errors.As(err, &no) {
		s.open[p] = false
	}
	if err == nil {
		got.lease = min(got.lease, maxLease)
		if err = got.useless(); err != nil {
			m.remove(ctx, got)
		}
	}
	if err != nil {
		if ctx.Err() == nil {
			s.fail(p, err)
		}
		return err
	}
	if !s.mapped() {
		m.log(got).Info("port mapped")
	}
	s.grant(t, got)
	return nil
}

// answer is what came of a probe.
type answer struct {
	protocol Protocol
	err      error
}

// mapMissing probes all protocols side by side, and asks each for what is not mapped
// yet as it answers; those that were denied come last, the longest ago first. When
// all is mapped, the others are not waited for.
func (m *Mapper) mapMissing(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	probing, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan answer, protocols)
	for p := UPnP; p < protocols; p++ {
		wg.Go(func() { answers <- answer{p, limited(probing, m.routers[p].probe)} })
	}
	var there []Protocol
	for p := UPnP; p < protocols && m.missing(); p++ {
		a := <-answers
		if ctx.Err() != nil {
			return
		}
		if a.err != nil {
			m.note(a.protocol, a.err)
			continue
		}
		there = append(there, a.protocol)
		m.mapBy(ctx, a.protocol, func(s *slot) bool { return s.deniedAt[a.protocol].IsZero() })
	}
	m.secondChance(ctx, there)
	m.pause = min(max(2*m.pause, firstRetry), maxRetry)
	if m.retry = now().Add(m.pause); !m.missing() {
		m.pause = 0
	}
}

// mapBy asks a protocol for what is not mapped yet in the slots that suit.
func (m *Mapper) mapBy(ctx context.Context, p Protocol, suits func(*slot) bool) {
	for t := range transports {
		s := &m.slots[t]
		if !s.mapped() && suits(s) && ctx.Err() == nil {
			_ = m.ask(ctx, s, p) // which keeps the error
		}
	}
}

// secondChance asks those that were denied before.
func (m *Mapper) secondChance(ctx context.Context, there []Protocol) {
	for t := range transports {
		order := slices.Clone(there)
		slices.SortStableFunc(order, func(a, b Protocol) int { return m.slots[t].deniedAt[a].Compare(m.slots[t].deniedAt[b]) })
		for _, p := range order {
			m.mapBy(ctx, p, func(s *slot) bool { return s.transport == t && !s.deniedAt[p].IsZero() })
		}
	}
}
