package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent"
	"github.com/spf13/cobra"
)

// getFlags are the flags of get.
type getFlags struct {
	node   nodeFlags
	output string
}

func (a *app) getCommand() *cobra.Command {
	var f getFlags
	cmd := &cobra.Command{
		Use:   "get MAGNET|urn:sha1:…|N…",
		Short: "Download files and verify them",
		Long: `Download files into --output: by magnet link, by urn:sha1:…, or by number of a
row of the last search. A file gets its name only when its content matches its
hash; until then it is NAME.part.`,
		Example: examples(
			"servent get 1",
			"servent get 2 5 7 --output ~/Downloads",
			"servent get 'magnet:?xt=urn:sha1:…&dn=danube.flac'",
			"servent get urn:sha1:…",
		),
		Args: atLeastOne("a file: a magnet link, urn:sha1:… or the number of a row of the last search"),
		RunE: a.do(func(ctx context.Context, args []string) error { return a.get(ctx, &f, args) }),
	}
	cmd.Flags().StringVarP(&f.output, "output", "o", ".", "`folder` for the files")
	f.node.add(cmd)
	return cmd
}

// wanted is one file to download.
type wanted struct {
	label string // for people
	req   servent.GetRequest
}

func (a *app) get(ctx context.Context, f *getFlags, args []string) error {
	files, err := a.wanted(args)
	if err != nil {
		return err
	}
	dir, err := outputFolder(f.output)
	if err != nil {
		return err
	}
	for i := range files {
		files[i].req.Dir = dir
	}
	s, err := a.open(ctx, &f.node, "get")
	if err != nil {
		return err
	}
	defer s.close()
	err = a.getAll(ctx, s, files)
	if errors.Is(err, servent.ErrNoSource) {
		if why := s.loneliness(ctx); why != "" {
			fmt.Fprintf(a.err, "servent: %s\n", why)
		}
	}
	return err
}

// wanted finds out which files args name.
func (a *app) wanted(args []string) ([]wanted, error) {
	var last *lastSearch
	var files []wanted
	for _, arg := range args {
		n, err := strconv.Atoi(arg)
		if err != nil {
			w, err := wantedContent(arg)
			if err != nil {
				return nil, err
			}
			files = append(files, w)
			continue
		}
		if last == nil {
			if last, err = a.lastSearch(); err != nil {
				return nil, err
			}
		}
		row, err := last.row(n)
		if err != nil {
			return nil, err
		}
		files = append(files, wanted{row.Name, servent.GetRequest{Magnet: row.Magnet, Sources: row.Sources}})
	}
	return files, nil
}

func (a *app) lastSearch() (*lastSearch, error) {
	if err := a.wantDataDir(); err != nil {
		return nil, err
	}
	return loadLastSearch(a.dataDir)
}

// wantedContent reads a magnet link or a URN.
func wantedContent(arg string) (wanted, error) {
	m, err := protocol.ParseMagnet(arg)
	if err != nil {
		if m.URN, err = protocol.ParseURN(arg); err != nil {
			return wanted{}, usagef("%q: write a magnet link, urn:sha1:… or the number of a row of the last search", arg)
		}
	}
	if !m.URN.HasSHA1 {
		return wanted{}, usagef("%q names no SHA-1, so the file could neither be found nor verified", arg)
	}
	label := m.Name
	if label == "" {
		label = m.URN.SHA1URN()
	}
	return wanted{label, servent.GetRequest{Magnet: arg}}, nil
}

// outputFolder makes sure that files can be written to dir before any is loaded.
func outputFolder(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("output folder %s: %w", dir, err)
	}
	info, err := os.Stat(abs)
	switch {
	case os.IsNotExist(err):
		return "", fmt.Errorf("output folder %s does not exist: make it, or name another with --output", dir)
	case err != nil:
		return "", fmt.Errorf("output folder: %w", err)
	case !info.IsDir():
		return "", fmt.Errorf("output folder %s is a file: name a folder with --output", dir)
	}
	probe, err := os.CreateTemp(abs, ".servent-*.part")
	if err != nil {
		return "", fmt.Errorf("output folder %s cannot be written to: name another with --output (%w)", dir, err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return "", fmt.Errorf("output folder: %w", err)
	}
	return abs, nil
}
