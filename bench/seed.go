package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// maxSeeding is what loading may take, in times of what the seed needs to send
// the file once.
const maxSeeding = 1.2

// seedMany measures how soon many have what one has that sends slowly: servents that
// are told of the seed alone, and peers of libtorrent that are told of all.
func seedMany(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	f := commonFlags("seed", 3)
	size := f.Int("mib", 100, "`size` of the file in MiB")
	loaders := f.Int("loaders", 8, "how many load it")
	rate := f.Int64("rate", 10_000_000, "`bytes` a second that the seed may send")
	if err := f.parse(args); err != nil {
		return err
	}
	if *loaders < 1 || *loaders > 200 || *rate < 1 {
		return errors.New("loaders must be 1 to 200, and rate 1 at least")
	}
	if err := missing(rhash); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(f.dir, "servent-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	s := seeding{tmp: tmp, size: int64(*size) << 20, loaders: *loaders, rate: *rate}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	limit := float64(s.size) / float64(s.rate)
	r := newRows("seed", fmt.Sprintf("%d MiB to %d loaders from one seed at %.4g MB/s, which takes %.2f s at least; libtorrent %s",
		*size, *loaders, float64(*rate)/1e6, limit, s.torrents.version))
	if err := s.measure(ctx, r, limit, f.rounds, progress); err != nil {
		return err
	}
	return r.show(out, f.json)
}

// seeding is a file that one has and many load, again and again.
type seeding struct {
	tmp, program string
	size, rate   int64
	loaders      int
	file         string // the original
	urn          protocol.URN
	torrents     *torrents
}

func (s *seeding) prepare(ctx context.Context) (err error) {
	if s.torrents, err = newTorrents(ctx, s.tmp); err != nil {
		return err
	}
	if s.program, err = buildServent(ctx, s.tmp); err != nil {
		return err
	}
	if s.file, s.urn, err = largeFile(ctx, s.tmp, s.size); err != nil {
		return err
	}
	return s.torrents.make(ctx, s.file)
}

// seeded is how a file has come to all.
type seeded struct {
	took      time.Duration // until the last had it
	fromSeed  int64         // bytes that left the seed
	fromOther int64         // and the loaders
}

func (s *seeding) measure(ctx context.Context, r *rows, limit float64, rounds int, progress io.Writer) error {
	wall := r.add("until the last has it", "s", libtorrent, maxSeeding*limit)
	wall.OfFigure = true
	fromSeed := r.add("that left the seed", "files", libtorrent, 0)
	fromOther := r.add("that loaders gave each other", "files", libtorrent, 0)
	for round := range rounds {
		fmt.Fprintf(progress, "round %d of %d\n", round+1, rounds)
		ours, err := s.fresh(ctx, s.ours)
		if err != nil {
			return err
		}
		theirs, err := s.fresh(ctx, s.theirs)
		if err != nil {
			return err
		}
		files := func(bytes int64) float64 { return float64(bytes) / float64(s.size) }
		wall.note(ours.took.Seconds(), theirs.took.Seconds())
		fromSeed.note(files(ours.fromSeed), files(theirs.fromSeed))
		fromOther.note(files(ours.fromOther), files(theirs.fromOther))
	}
	return nil
}

// fresh loads into new folders below home, one for each, and compares what has come.
func (s *seeding) fresh(ctx context.Context, load func(ctx context.Context, homes []string) (seeded, error)) (d seeded, err error) {
	home, err := freshHome(s.tmp, s.size*int64(s.loaders))
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	homes := make([]string, s.loaders)
	for i := range homes {
		homes[i] = filepath.Join(home, strconv.Itoa(i))
		if err := os.MkdirAll(filepath.Join(homes[i], "empty"), 0o700); err != nil {
			return d, err
		}
	}
	if d, err = load(ctx, homes); err != nil {
		return d, err
	}
	for _, h := range homes {
		if err := sameContent(filepath.Join(h, largeName), s.file); err != nil {
			return d, err
		}
	}
	return d, nil
}

// address is that of loader i on this machine; the seed has 127.0.0.1.
func address(i int) string { return "127.0.0." + strconv.Itoa(i+2) }

// ours has a servent for each, which runs before and after its download, and a
// `servent get` beside it that asks it for the file.
func (s *seeding) ours(ctx context.Context, homes []string) (d seeded, err error) {
	many := strconv.Itoa(2 * len(homes)) // that all come from one machine must not matter
	slots := []string{"--max-uploads", many, "--max-uploads-per-ip", many}
	seed, err := startSharingAt(ctx, s.program, filepath.Join(filepath.Dir(homes[0]), "seed"), "127.0.0.1", "share",
		append(slots, "--upload-rate", strconv.FormatInt(s.rate, 10)+"B", filepath.Dir(s.file))...)
	if err != nil {
		return d, err
	}
	all := []*sharing{seed}
	defer func() {
		for _, one := range all {
			err = errors.Join(err, one.stop())
		}
	}()
	for i, home := range homes {
		loader, err := startSharingAt(ctx, s.program, home, address(i), "share", append(slots, filepath.Join(home, "empty"))...)
		if err != nil {
			return d, err
		}
		all = append(all, loader)
	}
	link := protocol.Magnet{
		URN: s.urn, Name: largeName, Size: uint64(s.size),
		Sources: []string{"http://" + seed.ready.Listen + "/uri-res/N2R?" + s.urn.SHA1URN()},
	}
	begin := time.Now()
	err = together(homes, func(home string) error {
		_, err := measured(serventJoin(ctx, s.program, home, "get", link.String(), "--output", home))
		return err
	})
	d.took = time.Since(begin)
	if err != nil {
		return d, err
	}
	if d.fromSeed, err = uploaded(ctx, s.program, filepath.Join(filepath.Dir(homes[0]), "seed")); err != nil {
		return d, err
	}
	for _, home := range homes {
		sent, err := uploaded(ctx, s.program, home)
		if err != nil {
			return d, err
		}
		d.fromOther += sent
	}
	return d, nil
}

// theirs tells every peer of all others, as a tracker does.
func (s *seeding) theirs(ctx context.Context, homes []string) (d seeded, err error) {
	seed, err := s.torrents.seed(ctx, filepath.Dir(s.file), "127.0.0.1", s.rate)
	if err != nil {
		return d, err
	}
	all, addrs := []*torrentPeer{seed}, []string{seed.addr}
	defer func() {
		for i, one := range all {
			sent, serr := one.stop()
			if err = errors.Join(err, serr); i == 0 {
				d.fromSeed = sent
			} else {
				d.fromOther += sent
			}
		}
	}()
	for i, home := range homes {
		p, err := s.torrents.load(ctx, home, address(i))
		if err != nil {
			return d, err
		}
		all, addrs = append(all, p), append(addrs, p.addr)
	}
	if err := seed.meet(); err != nil {
		return d, err
	}
	begin := time.Now()
	err = together(all[1:], func(p *torrentPeer) error {
		if err := p.meet(addrs...); err != nil {
			return err
		}
		_, err := p.done()
		return err
	})
	d.took = time.Since(begin)
	return d, err
}

// together does something to all at once.
func together[T any](all []T, do func(T) error) error {
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, one := range all {
		wg.Go(func() { errs[i] = do(one) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
