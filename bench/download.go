package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/protocol/tiger"
)

const (
	curl     = "curl"
	curlHash = "curl, then rhash"
	// maxResident is what a download may take of memory, in MiB.
	maxResident = 64
)

// download measures `servent get` from a `servent share`, beside curl from the
// same one with rhash behind it.
func download(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	f := commonFlags("download", 7)
	size := f.Int("mib", 1024, "`size` of the file in MiB")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := missing(curl, rhash); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(f.dir, "servent-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	d := loading{tmp: tmp, size: int64(*size) << 20}
	if err := d.prepare(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.server.stop()) }()
	r := newRows("download", fmt.Sprintf("%d MiB over loopback, SHA-1 and tiger tree verified; curl %s, rhash %s",
		*size, versionOf(ctx, curl), versionOf(ctx, rhash)))
	if err := d.measure(ctx, r, f.rounds, progress); err != nil {
		return err
	}
	r.add("most memory of the servent that sends", "MiB", "", 0).noteOwn(mib(d.server.memory()["VmHWM"]))
	return r.show(out, f.json)
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// loading is a file that is downloaded again and again.
type loading struct {
	tmp, program string
	size         int64
	sums         string       // as rhash prints them
	urn          protocol.URN // the same
	server       *sharing
}

// prepare makes the file and starts the server.
func (d *loading) prepare(ctx context.Context) (err error) {
	if d.program, err = buildServent(ctx, d.tmp); err != nil {
		return err
	}
	shared := filepath.Join(d.tmp, "shared")
	if err := os.Mkdir(shared, 0o700); err != nil {
		return err
	}
	file := filepath.Join(shared, "large.bin")
	if err := writeRandom(file, d.size); err != nil {
		return err
	}
	if _, d.sums, err = sumsOf(ctx, file); err != nil {
		return err
	}
	if d.urn, err = urnOf(d.sums); err != nil {
		return err
	}
	d.server, err = startSharing(ctx, d.program, filepath.Join(d.tmp, "server"), "share", shared)
	return err
}

// sumsOf lets rhash hash one file.
func sumsOf(ctx context.Context, file string) (usage, string, error) {
	u, all, err := hashesOf(exec.CommandContext(ctx, rhash, rhashFormat, file))
	return u, all[file], err
}

// urnOf names the content with these hashes.
func urnOf(sums string) (protocol.URN, error) {
	u := protocol.URN{HasSHA1: true, HasTiger: true}
	first, second, _ := strings.Cut(sums, " ")
	var sha1 []byte
	_, err := fmt.Sscanf(first, "%x", &sha1)
	if err == nil {
		copy(u.SHA1[:], sha1)
		u.Tiger, err = tiger.Parse(second)
	}
	return u, err
}

func (d *loading) measure(ctx context.Context, r *rows, rounds int, progress io.Writer) error {
	wall, cpu := r.add("wall clock", "s", curlHash, 1), r.add("processor time, without the server's", "s", curlHash, 0)
	memory := r.add("most memory of `servent get`", "MiB", "", maxResident)
	for round := -1; round < rounds; round++ { // the first to warm up
		if round >= 0 {
			fmt.Fprintf(progress, "round %d of %d\n", round+1, rounds)
		}
		ours, err := d.fresh(ctx, d.get)
		if err != nil {
			return err
		}
		theirs, err := d.fresh(ctx, d.curl)
		if err != nil {
			return err
		}
		if round >= 0 {
			wall.note(ours.wall.Seconds(), theirs.wall.Seconds())
			cpu.note(ours.cpu.Seconds(), theirs.cpu.Seconds())
			memory.noteOwn(mib(ours.peak))
		}
	}
	return nil
}

// fresh downloads into a new folder and then compares what has come.
func (d *loading) fresh(ctx context.Context, load func(context.Context, string) (usage, error)) (u usage, err error) {
	home, err := freshHome(d.tmp, d.size)
	if err != nil {
		return u, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	if u, err = load(ctx, home); err != nil {
		return u, err
	}
	file := filepath.Join(home, "large.bin")
	_, sums, err := sumsOf(ctx, file)
	if err == nil && sums != d.sums {
		err = fmt.Errorf("what has come has the hashes %s, not %s", sums, d.sums)
	}
	return u, err
}

// get downloads with a servent of its own, which has never run before.
func (d *loading) get(ctx context.Context, home string) (usage, error) {
	link := "magnet:?xt=urn:bitprint:" + d.urn.SHA1.String() + "." + d.urn.Tiger.String() + "&dn=large.bin"
	return measured(serventCommand(ctx, d.program, home, "get", link, "--from", d.server.ready.Listen, "--output", home))
}

// curl downloads, and then rhash looks whether all is as it should be.
func (d *loading) curl(ctx context.Context, home string) (usage, error) {
	file := filepath.Join(home, "large.bin")
	u, err := measured(exec.CommandContext(ctx, curl, "-sSf", "-o", file, "http://"+d.server.ready.Listen+"/uri-res/N2R?"+d.urn.SHA1URN()))
	if err != nil {
		return u, err
	}
	check, sums, err := sumsOf(ctx, file)
	if err == nil && sums != d.sums {
		err = fmt.Errorf("curl: what has come has the hashes %s, not %s", sums, d.sums)
	}
	return u.and(check), err
}
