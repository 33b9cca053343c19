package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/spf13/cobra"
)

func (a *app) metalinkCommand() *cobra.Command {
	var sources []string
	cmd := &cobra.Command{
		Use:   "metalink N…|MAGNET…|FILE…",
		Short: "Write a metalink for download programs",
		Long: `Write a metalink (RFC 5854) to stdout, which download programs such as aria2 read:
name, size and SHA-1 of each file, and the addresses of sources that can be connected
to. Files are named by the number of a row of the last search, by magnet link or
urn:sha1:…, or by their path on disk; those are read, and the hashes of their pieces
are written too, so that each piece can be checked as it comes. For paths, say with
--source who shares them.

"servent get x.meta4" reads a metalink.`,
		Example: examples(
			"servent metalink 1 2 > search.meta4",
			"servent metalink --source 192.168.1.20:6346 danube.flac > danube.meta4",
			"aria2c -M danube.meta4",
		),
		Args: atLeastOne("a file: its path, a magnet link, urn:sha1:…, or the number of a row of the last search"),
		RunE: a.do(func(ctx context.Context, args []string) error { return a.metalink(ctx, args, sources) }),
	}
	cmd.Flags().StringSliceVar(&sources, "source", nil, "`address:port`[,…] of servents that share the files")
	return cmd
}

func (a *app) metalink(ctx context.Context, args, sources []string) error {
	for _, s := range sources {
		if addr, err := netip.ParseAddrPort(s); err != nil || addr.Port() == 0 {
			return usagef("--source %s: write address:port, as in 192.168.1.20:6346", s)
		}
	}
	m := metalink{Generator: "Servent/" + versionText()}
	for _, arg := range args {
		f, err := a.metalinkFile(ctx, arg, sources)
		if err != nil {
			return err
		}
		if len(f.URLs) == 0 {
			a.note("%s: no source is known that can be connected to: name one with --source", search.Clean(arg))
		}
		m.Files = append(m.Files, f)
	}
	return m.write(a.out)
}

// metalinkFile describes what an argument names.
func (a *app) metalinkFile(ctx context.Context, arg string, sources []string) (metalinkFile, error) {
	n, err := strconv.Atoi(arg)
	if err == nil {
		return a.metalinkRow(n, sources)
	}
	m, err := protocol.ParseMagnet(arg)
	if err != nil {
		m.URN, err = protocol.ParseURN(arg)
	}
	switch {
	case err != nil:
		return a.metalinkPath(ctx, arg, sources)
	case !m.URN.HasSHA1:
		return metalinkFile{}, usagef("%q: the link names no SHA-1", arg)
	}
	for _, s := range m.Sources {
		if u, err := url.Parse(sourceOfURL(s)); err == nil && u.Host != "" {
			sources = append(sources[:len(sources):len(sources)], u.Host)
		}
	}
	return metalinkOf(m, sources, nil), nil
}

func (a *app) metalinkRow(n int, sources []string) (metalinkFile, error) {
	last, err := a.lastSearch()
	if err != nil {
		return metalinkFile{}, err
	}
	row, err := last.row(n)
	if err != nil {
		return metalinkFile{}, err
	}
	m, err := protocol.ParseMagnet(row.Magnet)
	if err != nil || !m.URN.HasSHA1 {
		return metalinkFile{}, fmt.Errorf("row %d has no SHA-1", n)
	}
	for _, s := range row.Sources {
		if addr, err := netip.ParseAddrPort(s.Addr); err == nil && addr.Port() != 0 && !s.Push {
			sources = append(sources[:len(sources):len(sources)], s.Addr)
		}
	}
	m.Name, m.Size = row.Name, row.Size
	return metalinkOf(m, sources, nil), nil
}

func (a *app) metalinkPath(ctx context.Context, path string, sources []string) (metalinkFile, error) {
	if strings.HasPrefix(path, "magnet:") || strings.HasPrefix(path, "urn:") {
		return metalinkFile{}, usagef("%q: %s", path, whyUnwanted(path))
	}
	sums, err := a.sums(ctx, path, true)
	switch {
	case ctx.Err() != nil:
		return metalinkFile{}, errInterrupted
	case errors.Is(err, os.ErrNotExist):
		return metalinkFile{}, usagef("%q is neither a file, a row of the last search, nor a magnet link", path)
	case err != nil:
		return metalinkFile{}, err
	}
	return metalinkOf(protocol.Magnet{URN: sums.URN, Name: filepath.Base(path), Size: sums.Bytes}, sources, &sums), nil
}

// isMetalink says whether an argument of get is the path of a metalink.
func isMetalink(arg string) bool {
	ext := strings.ToLower(filepath.Ext(arg))
	return (ext == ".meta4" || ext == ".metalink") && !strings.HasPrefix(arg, "magnet:")
}

// wantedOf reads the metalink at path, and tells what of it is of no use.
func (a *app) wantedOf(path string) ([]wanted, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read metalink: %w", err)
	}
	defer f.Close()
	files, p, err := readMetalink(f)
	if err != nil {
		return nil, fmt.Errorf("read metalink %s: %w", path, err)
	}
	if p.files > 0 {
		a.note("%s: %s without a SHA-1 left out: they could not be verified", search.Clean(path), countText(p.files, "file"))
	}
	if p.mirrors > 0 {
		a.note("%s: %s passed over: only http://address:port/… may be a servent", search.Clean(path), countText(p.mirrors, "mirror"))
	}
	return files, nil
}
