package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const libtorrent = "libtorrent"

//go:embed torrent.py
var torrentScript []byte

// torrents makes peers of libtorrent, for one file.
type torrents struct {
	python, version string
	script, torrent string // files
}

// newTorrents looks for a Python that has libtorrent.
func newTorrents(ctx context.Context, tmp string) (*torrents, error) {
	t := &torrents{script: filepath.Join(tmp, "torrent.py"), torrent: filepath.Join(tmp, "file.torrent")}
	if err := os.WriteFile(t.script, torrentScript, 0o600); err != nil {
		return nil, err
	}
	for _, python := range []string{"python3", "/usr/bin/python3"} { // the first may not be the system's
		if out, err := exec.CommandContext(ctx, python, t.script, "version").Output(); err == nil {
			t.python, t.version = python, strings.TrimSpace(string(out))
			return t, nil
		}
	}
	return nil, fmt.Errorf("%w: libtorrent is not installed: apt-get install python3-libtorrent", errLeftOut)
}

// make writes the torrent of a file.
func (t *torrents) make(ctx context.Context, file string) error {
	out, err := exec.CommandContext(ctx, t.python, t.script, "make", file, t.torrent).CombinedOutput()
	if err != nil {
		return fmt.Errorf("make a torrent: %w: %s", err, out)
	}
	return nil
}

// torrentPeer is a process of libtorrent.
type torrentPeer struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	errs strings.Builder
	addr string
}

// torrentFigures is what a peer says of itself: of its load without its start, in
// seconds, and in the end how many bytes of the file it has sent.
type torrentFigures struct {
	Wall, CPU float64
	Sent      int64
}

// seed starts a peer that has the file in folder, load one that wants it there.
func (t *torrents) seed(ctx context.Context, folder, host string, rate int64) (*torrentPeer, error) {
	return t.start(ctx, "seed", folder, host, rate)
}

func (t *torrents) load(ctx context.Context, folder, host string) (*torrentPeer, error) {
	return t.start(ctx, "load", folder, host, 0)
}

func (t *torrents) start(ctx context.Context, role, folder, host string, rate int64) (*torrentPeer, error) {
	p := &torrentPeer{cmd: exec.CommandContext(ctx, t.python, t.script, role, t.torrent, folder, host, strconv.FormatInt(rate, 10))}
	p.cmd.Stderr = &p.errs
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", libtorrent, err)
	}
	p.out = bufio.NewReader(out)
	if p.addr, err = p.out.ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("%s does not start: %w: %s", libtorrent, err, p.errs.String()), p.in.Close(), p.cmd.Wait())
	}
	p.addr = strings.TrimSpace(p.addr)
	return p, nil
}

// meet names the others to a peer, which begins then.
func (p *torrentPeer) meet(addrs ...string) error {
	_, err := fmt.Fprintln(p.in, strings.Join(addrs, " "))
	return err
}

// done waits until a peer that loads has all.
func (p *torrentPeer) done() (torrentFigures, error) { return p.figures() }

func (p *torrentPeer) figures() (f torrentFigures, err error) {
	line, err := p.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &f)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", libtorrent, err, p.errs.String())
	}
	return f, err
}

// stop ends a peer and returns what it has sent.
func (p *torrentPeer) stop() (sent int64, err error) {
	err = p.in.Close()
	f, ferr := p.figures()
	return f.Sent, errors.Join(err, ferr, p.cmd.Wait())
}

// took is the load that a peer tells of.
func (f torrentFigures) took(pid int) usage {
	return usage{
		wall: time.Duration(f.Wall * float64(time.Second)), cpu: time.Duration(f.CPU * float64(time.Second)),
		peak: memoryOf(pid)["VmHWM"],
	}
}
