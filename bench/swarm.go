package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

const (
	aria2 = "aria2c"
	// swarmSources is from how many a file is loaded at once.
	swarmSources = 4
	largeName    = "large.bin"
	// metalinkPiece is the size of the blocks whose hashes the metalink tells.
	metalinkPiece = 1 << 20
)

// swarm measures one download from several sources: `servent get`, libtorrent, and
// aria2 with a metalink that tells the hash of each MiB.
func swarm(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	f := commonFlags("swarm", 5)
	size := f.Int("mib", 1024, "`size` of the file in MiB")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := missing(aria2, rhash); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(f.dir, "servent-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	s := swarming{tmp: tmp, size: int64(*size) << 20}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	r := newRows("swarm", fmt.Sprintf("%d MiB from %d sources on this machine; libtorrent %s, aria2 %s",
		*size, swarmSources, s.torrents.version, versionOf(ctx, aria2)))
	if err := s.measure(ctx, r, f.rounds, progress); err != nil {
		return err
	}
	return r.show(out, f.json)
}

// swarming is a file that several have, and that is loaded again and again.
type swarming struct {
	tmp, program string
	size         int64
	file         string // the original
	urn          protocol.URN
	metalink     string // file
	torrents     *torrents
	servents     []*sharing
	seeds        []*torrentPeer
}

func (s *swarming) prepare(ctx context.Context) (err error) {
	if s.torrents, err = newTorrents(ctx, s.tmp); err != nil {
		return err
	}
	if s.program, err = buildServent(ctx, s.tmp); err != nil {
		return err
	}
	if s.file, s.urn, err = largeFile(ctx, s.tmp, s.size); err != nil {
		return err
	}
	shared := filepath.Dir(s.file)
	if err := s.torrents.make(ctx, s.file); err != nil {
		return err
	}
	for i := range swarmSources {
		host := fmt.Sprintf("127.0.0.%d", i+1)
		server, err := startSharingAt(ctx, s.program, s.home(i), host, "share", shared)
		if err != nil {
			return err
		}
		s.servents = append(s.servents, server)
		seed, err := s.torrents.seed(ctx, shared, host, 0)
		if err != nil {
			return err
		}
		s.seeds = append(s.seeds, seed)
		if err := seed.meet(); err != nil {
			return err
		}
	}
	return s.writeMetalink()
}

// home is that of source i.
func (s *swarming) home(i int) string { return filepath.Join(s.tmp, "server"+strconv.Itoa(i)) }

// sent is what each servent has sent until now, in bytes.
func (s *swarming) sent(ctx context.Context) ([]int64, error) {
	sent := make([]int64, len(s.servents))
	for i := range sent {
		var err error
		if sent[i], err = uploaded(ctx, s.program, s.home(i)); err != nil {
			return nil, err
		}
	}
	return sent, nil
}

func (s *swarming) stop() error {
	var errs []error
	for _, server := range s.servents {
		errs = append(errs, server.stop())
	}
	for _, seed := range s.seeds {
		_, err := seed.stop()
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// urls are where the servents have the file.
func (s *swarming) urls() []string {
	var urls []string
	for _, server := range s.servents {
		urls = append(urls, "http://"+server.ready.Listen+"/uri-res/N2R?"+s.urn.SHA1URN())
	}
	return urls
}

// writeMetalink writes what aria2 reads (RFC 5854).
func (s *swarming) writeMetalink() error {
	f, err := os.Open(s.file)
	if err != nil {
		return err
	}
	defer f.Close()
	var b bytes.Buffer
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\"><file name=%q><size>%d</size>\n", largeName, s.size)
	fmt.Fprintf(&b, "<pieces length=\"%d\" type=\"sha-1\">\n", metalinkPiece)
	for at := int64(0); at < s.size; at += metalinkPiece {
		sum := sha1.New()
		if _, err := io.Copy(sum, io.NewSectionReader(f, at, metalinkPiece)); err != nil {
			return err
		}
		fmt.Fprintf(&b, "<hash>%x</hash>\n", sum.Sum(nil))
	}
	fmt.Fprintln(&b, "</pieces>")
	for _, url := range s.urls() {
		fmt.Fprintf(&b, "<url>%s</url>\n", url)
	}
	fmt.Fprintln(&b, "</file></metalink>")
	s.metalink = filepath.Join(s.tmp, "file.meta4")
	return os.WriteFile(s.metalink, b.Bytes(), 0o600)
}

// side is one of those that load, and what its sources are.
type side struct {
	name    string // empty: ours
	load    func(ctx context.Context, home string) (usage, error)
	sources []int // process ids
}

func (s *swarming) sides() []side {
	var servents, seeds []int
	for i := range s.servents {
		servents = append(servents, s.servents[i].cmd.Process.Pid)
		seeds = append(seeds, s.seeds[i].cmd.Process.Pid)
	}
	return []side{{"", s.get, servents}, {libtorrent, s.torrent, seeds}, {aria2, s.aria2, servents}}
}

// beside is what is asked of us in comparison with another: at most so many times
// its wall clock.
type beside struct {
	name                       string
	most, aim                  float64
	wall, cpu, sources, memory *row
}

func besides(r *rows) []*beside {
	all := []*beside{{name: libtorrent, most: 1.15, aim: 0.9}, {name: aria2, most: 1.7, aim: 1.3}}
	for _, b := range all {
		b.wall = r.add("wall clock", "s", b.name, b.most)
		b.wall.Aim = b.aim
		b.cpu = r.add("processor time of who loads", "s", b.name, 0)
		b.sources = r.add("processor time of the sources", "s", b.name, 0)
		b.memory = r.add("most memory of who loads", "MiB", b.name, maxResident)
		b.memory.OfFigure = true
	}
	return all
}

func (s *swarming) measure(ctx context.Context, r *rows, rounds int, progress io.Writer) error {
	all := besides(r)
	busiest := r.add("of the file from the busiest source", "%", "", 0)
	for round := -1; round < rounds; round++ { // the first to warm up
		if round >= 0 {
			fmt.Fprintf(progress, "round %d of %d\n", round+1, rounds)
		}
		var loads []loaded
		before, err := s.sent(ctx)
		if err != nil {
			return err
		}
		for i, side := range s.sides() {
			l, err := s.fresh(ctx, side)
			if err != nil {
				return err
			}
			if loads = append(loads, l); i > 0 || round < 0 {
				continue
			}
			after, err := s.sent(ctx)
			if err != nil {
				return err
			}
			busiest.noteOwn(100 * float64(mostMore(before, after)) / float64(s.size))
		}
		for i, b := range all {
			if round >= 0 {
				b.note(loads[0], loads[i+1])
			}
		}
	}
	return nil
}

// mostMore is how much that grew which grew most.
func mostMore(before, after []int64) (most int64) {
	for i := range before {
		most = max(most, after[i]-before[i])
	}
	return most
}

// loaded is what one load has taken, of who loads and of its sources.
type loaded struct {
	usage
	sources time.Duration // of their processors
}

func (b *beside) note(ours, theirs loaded) {
	b.wall.note(ours.wall.Seconds(), theirs.wall.Seconds())
	b.cpu.note(ours.cpu.Seconds(), theirs.cpu.Seconds())
	b.sources.note(ours.sources.Seconds(), theirs.sources.Seconds())
	b.memory.note(mib(ours.peak), mib(theirs.peak))
}

// fresh loads into a new folder and compares what has come with the original.
func (s *swarming) fresh(ctx context.Context, side side) (l loaded, err error) {
	home, err := freshHome(s.tmp, s.size)
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	before := cpuOf(side.sources)
	if l.usage, err = side.load(ctx, home); err != nil {
		return l, err
	}
	l.sources = cpuOf(side.sources) - before
	return l, sameContent(filepath.Join(home, largeName), s.file)
}

// get loads with a servent that has never run before.
func (s *swarming) get(ctx context.Context, home string) (usage, error) {
	link := protocol.Magnet{URN: s.urn, Name: largeName, Size: uint64(s.size), Sources: s.urls()}
	return measured(serventCommand(ctx, s.program, home, "get", link.String(), "--output", home))
}

func (s *swarming) torrent(ctx context.Context, home string) (u usage, err error) {
	p, err := s.torrents.load(ctx, home, "127.0.0.1")
	if err != nil {
		return u, err
	}
	defer func() {
		_, serr := p.stop()
		err = errors.Join(err, serr)
	}()
	var addrs []string
	for _, seed := range s.seeds {
		addrs = append(addrs, seed.addr)
	}
	if err := p.meet(addrs...); err != nil {
		return u, err
	}
	f, err := p.done()
	return f.took(p.cmd.Process.Pid), err
}

func (s *swarming) aria2(ctx context.Context, home string) (usage, error) {
	n := strconv.Itoa(swarmSources)
	return measured(exec.CommandContext(ctx, aria2, "--no-conf", "--quiet", "--max-connection-per-server=1", "--split="+n,
		"--max-concurrent-downloads="+n, "--min-split-size=1M", "--check-integrity=true", "--file-allocation=falloc",
		"--dir="+home, "--metalink-file="+s.metalink))
}
