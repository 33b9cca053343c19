package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
	"github.com/spf13/cobra"
)

func (a *app) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify FILE MAGNET|urn:sha1:…|urn:tree:tiger:…",
		Short: "Check a file on disk against its hash",
		Long: `Read a file and check it against every hash that a magnet link or URN names, and its
size where the link tells it. The exit code is 0 where all are right, and 4 where one
is not. No servent is needed, and nothing is sent.

With --json: "path", "bytes", "sha1", "tiger" (the root of its tiger tree), "verified",
and "error", which says what is wrong.`,
		Example: examples(
			"servent verify danube.flac 'magnet:?xt=urn:sha1:…'",
			"servent verify danube.flac urn:sha1:… && echo right",
		),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("name a file and the magnet link or urn:sha1:… that it should be, as in `servent verify danube.flac urn:sha1:…`")
			}
			return nil
		},
		RunE: a.do(func(ctx context.Context, args []string) error { return a.verify(ctx, args[0], args[1]) }),
	}
}

// verified is what reading a file has shown.
type verified struct {
	Path     string `json:"path"`
	Bytes    uint64 `json:"bytes"`
	SHA1     string `json:"sha1"`
	Tiger    string `json:"tiger"`
	Verified bool   `json:"verified"`
	Error    string `json:"error,omitempty"`
}

func (a *app) verify(ctx context.Context, path, text string) error {
	want, err := protocol.ParseMagnet(text)
	if err != nil {
		want.URN, err = protocol.ParseURN(text)
	}
	if err != nil || want.URN == (protocol.URN{}) {
		return usagef("%q: want a magnet link, urn:sha1:… or urn:tree:tiger:…", text)
	}
	sums, err := a.sums(ctx, path, false)
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	v := verified{Path: path, Bytes: sums.Bytes, SHA1: sums.URN.SHA1.String(), Tiger: sums.URN.Tiger.String()}
	err = sums.Check(want)
	if v.Verified = err == nil; err != nil {
		v.Error = err.Error()
	}
	if a.json {
		a.printJSON(v)
	} else {
		a.showVerified(&v)
	}
	if err != nil {
		return told(err)
	}
	return nil
}

func (a *app) showVerified(v *verified) {
	what := "right"
	if !v.Verified {
		what = "WRONG: " + v.Error
	}
	a.printf("%s: %s\n  size   %s bytes\n  sha1   %s\n  tiger  %s\n", search.Clean(v.Path), what, numberText(v.Bytes), v.SHA1, v.Tiger)
}

// sums hashes a file, and its pieces if asked to, with a bar where that takes more than a second.
func (a *app) sums(ctx context.Context, path string, pieces bool) (servent.Sums, error) {
	info, err := os.Stat(path)
	if err != nil {
		return servent.Sums{}, fmt.Errorf("read file: %w", err)
	}
	r := reading{a: a, path: path, total: uint64(info.Size()), start: time.Now()}
	defer r.close()
	defer a.noteSlow(r.text)()
	return servent.SumFile(ctx, path, pieces, r.progress)
}

// reading shows how far a file is read.
type reading struct {
	a     *app
	path  string
	total uint64
	start time.Time
	lines *live // nil: not for long enough
	bar   *bar

	mu   sync.Mutex
	done uint64
}

func (r *reading) progress(done uint64) {
	r.mu.Lock()
	r.done = done
	r.mu.Unlock()
	if r.lines == nil {
		if time.Since(r.start) < slowAfter {
			return
		}
		r.lines = r.a.lines()
		r.bar = r.lines.bar(func() barText { return barText{name: search.Clean(r.path)} })
	}
	r.bar.set(done, r.total)
}

func (r *reading) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprintf("%s: %s of %s read", search.Clean(r.path), byteText(r.done), byteText(r.total))
}

func (r *reading) close() {
	if r.lines != nil {
		r.bar.close()
		r.lines.close()
	}
}
