package servent

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// Share scans and hashes dir and offers its files from then on; files become
// findable while the scan runs. It returns when the scan has ended and queries
// are answered with all of them.
func (s *Servent) Share(ctx context.Context, dir string) error {
	ctx, cancel := s.whileRunning(ctx)
	defer cancel()
	s.sharing.Add(1)
	s.tell()
	err := s.lib.Add(ctx, dir)
	s.sharing.Add(-1)
	s.tell()
	if err == nil {
		s.emitShared(dir)
	}
	return err
}

// Unshare takes a shared folder back.
func (s *Servent) Unshare(dir string) error {
	err := s.lib.Remove(dir)
	s.tell()
	if err == nil {
		s.emit(Event{Event: "unshared", Share: &ShareInfo{Dir: dir}})
	}
	return err
}

// emitShared tells that dir is shared now.
func (s *Servent) emitShared(dir string) {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	shares := s.Shares()
	if i := slices.IndexFunc(shares, func(i ShareInfo) bool { return i.Dir == dir }); i >= 0 {
		s.emit(Event{Event: "shared", Share: &shares[i]})
	}
}

// Shares lists the shared folders.
func (s *Servent) Shares() []ShareInfo {
	roots := s.lib.Roots()
	out := make([]ShareInfo, 0, len(roots))
	for _, r := range roots {
		info := ShareInfo{Dir: r.Dir, Files: r.Files, Bytes: r.Bytes, LeftOut: r.LeftOut, Single: r.Single}
		if r.Hashing != nil {
			scan := ScanInfo(*r.Hashing)
			info.Scan = &scan
		}
		out = append(out, info)
	}
	return out
}

// LeftOut is a file or folder that is not shared, and why.
type LeftOut struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// LeftOut lists what is not shared of a shared folder; of a great many, some.
func (s *Servent) LeftOut(dir string) []LeftOut {
	var out []LeftOut
	for _, o := range s.lib.LeftOut(dir) {
		out = append(out, LeftOut{o.Rel, o.Reason})
	}
	return out
}

// Ready describes the servent for those who wait for it.
func (s *Servent) Ready() Event {
	files, bytes := s.lib.Totals()
	return Event{Event: "ready", Ready: &Ready{
		Listen: s.addr.String(), GUID: s.GUID().String(), Role: s.Role().String(), Files: files, Bytes: bytes,
	}}
}

// announceEvery is how often what is shared is told of at most: a route table of
// many files takes a tenth of a second to make.
const announceEvery = time.Second

// announce tells the node what is shared whenever that changes.
func (s *Servent) announce(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.lib.Changed():
			s.tell()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(announceEvery):
		}
	}
}

// tell tells the node what is shared now.
func (s *Servent) tell() {
	s.telling.Lock() // so that an older state does not come after a newer
	defer s.telling.Unlock()
	files, bytes := s.lib.Totals()
	ev := overlay.Shared{Table: s.lib.Table(), Files: files, Bytes: bytes, Partial: s.sharing.Load() > 0}
	if s.givesList() {
		ev.List = s.lib.ListDigest()
	}
	s.call(func(l *loop) { l.step(ev) })
}

// givesList says whether supernodes may be given our list.
func (s *Servent) givesList() bool {
	return !s.cfg.TableOnly && (s.cfg.Role == RoleLeaf || s.cfg.Role == RoleAuto)
}

// whileRunning is ctx that ends with the servent too.
func (s *Servent) whileRunning(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.life, cancel)
	return ctx, func() { stop(); cancel() }
}
