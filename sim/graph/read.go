package graph

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// Limits of what Read takes.
const (
	MaxID    uint64 = 1<<53 - 1 // the largest that every program can read back
	MaxLines        = 1 << 27   // with edges; they take 16 bytes each while they are read
	MaxLine         = 1 << 16   // bytes
)

// Read reads a directed graph in the form of the SNAP collection: each line has
// the ids of two nodes, from and to, with tabs or spaces between them. Lines
// that are empty or start with # are passed over; lines may end as on Windows, and
// all may be packed by gzip. A file without edges has no nodes.
//
// SNAP's files say in a comment how many edges there are. One that has fewer
// is cut off, which is an error, as is every line that is not as said; errors
// name the line.
func Read(r io.Reader) (*Digraph, error) {
	in := bufio.NewReaderSize(r, MaxLine)
	if magic, err := in.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("unpack the graph: %w", err)
		}
		in = bufio.NewReaderSize(z, MaxLine)
	}
	l := lines{in: in, promised: -1}
	if err := l.read(); err != nil {
		return nil, fmt.Errorf("line %d of the graph: %w", l.number, err)
	}
	if l.promised > len(l.edges) {
		return nil, fmt.Errorf("the graph's comment says %d edges and the file has %d: it is cut off", l.promised, len(l.edges))
	}
	return newDigraph(l.edges), nil
}

// lines reads the lines of a file.
type lines struct {
	in       *bufio.Reader
	number   int // of the line, from 1
	edges    [][2]uint64
	promised int // edges, by a comment; -1: none
}

func (l *lines) read() error {
	for {
		line, err := l.in.ReadSlice('\n')
		if err == io.EOF && len(line) == 0 {
			return nil
		}
		l.number++
		if errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("it is longer than %d bytes", MaxLine)
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("the packed file is cut off here")
		}
		if err != nil && err != io.EOF {
			return err
		}
		if err == io.EOF && l.promised >= 0 && line[0] != '#' {
			return errors.New("the last line does not end: it may be cut off")
		}
		if l.number == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff")) // as editors on Windows write
		}
		if err := l.line(bytes.TrimSpace(line)); err != nil {
			return err
		}
	}
}

func (l *lines) line(line []byte) error {
	if len(line) == 0 {
		return nil
	}
	if line[0] == '#' {
		l.comment(string(line))
		return nil
	}
	if len(l.edges) == MaxLines {
		return fmt.Errorf("more than %d edges", MaxLines)
	}
	from, rest, err := id(line)
	if err != nil {
		return err
	}
	to, rest, err := id(bytes.TrimLeft(rest, " \t"))
	switch {
	case err != nil:
		return err
	case len(rest) > 0:
		return fmt.Errorf("want two ids, and there is more: %q", cut(line))
	}
	l.edges = append(l.edges, [2]uint64{from, to})
	return nil
}

// comment keeps the number of edges of "# Nodes: 62586 Edges: 147892".
func (l *lines) comment(line string) {
	var nodes, edges int
	if n, _ := fmt.Sscanf(line, "# Nodes: %d Edges: %d", &nodes, &edges); n == 2 {
		l.promised = edges
	}
}

// id reads the number that b begins with, and returns what is behind it.
func id(b []byte) (uint64, []byte, error) {
	n := uint64(0)
	for i, c := range b {
		switch {
		case c >= '0' && c <= '9':
			if n = 10*n + uint64(c-'0'); n > MaxID {
				return 0, nil, fmt.Errorf("an id over %d: %q", MaxID, cut(b))
			}
		case i > 0 && (c == ' ' || c == '\t'):
			return n, b[i:], nil
		default:
			return 0, nil, fmt.Errorf("want the id of a node, a number from 0 on: %q", cut(b))
		}
	}
	if len(b) == 0 {
		return 0, nil, errors.New("want two ids, and there is one: it may be cut off")
	}
	return n, nil, nil
}

// cut is as much of a line as an error shows.
func cut(b []byte) []byte { return b[:min(len(b), 40)] }
