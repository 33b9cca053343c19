package servent

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// Bounds of a block list.
const (
	maxBlockSpans = 4 << 20 // addresses, networks and ranges
	maxBlockBytes = 256 << 20
	maxBlockLine  = 4 << 10
)

// blockSpans are the addresses that a block list names: spans in order, none of
// which touches another.
type blockSpans []blockSpan

// blockSpan is all addresses from first to last.
type blockSpan struct{ first, last blockKey }

// blockKey is an IPv6 address, or an IPv4 address as one, in an order that is cheap
// to compare and without pointers, which the garbage collector would follow.
type blockKey struct{ high, low uint64 }

func keyOf(a netip.Addr) blockKey {
	b := a.As16()
	return blockKey{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (k blockKey) compare(other blockKey) int {
	return cmp.Or(cmp.Compare(k.high, other.high), cmp.Compare(k.low, other.low))
}

// has says whether a is blocked.
func (s blockSpans) has(a netip.Addr) bool {
	k := keyOf(a)
	i, ok := slices.BinarySearchFunc(s, k, func(s blockSpan, k blockKey) int { return s.first.compare(k) })
	return ok || i > 0 && k.compare(s[i-1].last) <= 0
}

// readBlockList reads the block list at path, and says how many entries it has.
func readBlockList(path string) (spans blockSpans, entries int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("read %w: %w", ErrBlockList, err)
	}
	defer f.Close()
	spans, err = parseBlockEntries(f)
	if err != nil {
		return nil, 0, fmt.Errorf("read %w %s: %w", ErrBlockList, path, err)
	}
	entries = len(spans)
	return spans.join(), entries, nil
}

// parseBlockList reads a whole block list.
func parseBlockList(r io.Reader) (blockSpans, error) {
	spans, err := parseBlockEntries(r)
	return spans.join(), err
}

// parseBlockEntries reads one address, network (a/bits) or range (a-b) a line. What
// follows # is left out, and so is a name before a range, as in name:a-b.
func parseBlockEntries(r io.Reader) (blockSpans, error) {
	in := &io.LimitedReader{R: r, N: maxBlockBytes + 1}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxBlockLine)
	var spans blockSpans
	number := 0
	for lines.Scan() {
		number++
		text, _, _ := bytes.Cut(lines.Bytes(), []byte("#"))
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		if len(spans) == maxBlockSpans {
			return nil, fmt.Errorf("line %d: more than %d entries: join neighbours to networks", number, maxBlockSpans)
		}
		span, err := parseBlockSpan(string(text))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		spans = append(spans, span)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", number+1, err)
	}
	if in.N == 0 {
		return nil, fmt.Errorf("more than %d MiB", maxBlockBytes>>20)
	}
	return spans, nil
}

func parseBlockSpan(text string) (blockSpan, error) {
	if a, err := parseBlockAddr(text); err == nil {
		return blockSpan{keyOf(a), keyOf(a)}, nil
	}
	if p, err := netip.ParsePrefix(text); err == nil {
		return prefixSpan(p), nil
	}
	from, to, isRange := cutLast(text, "-")
	last, err := parseBlockAddr(to)
	if !isRange || err != nil {
		return blockSpan{}, fmt.Errorf("%q: write an address, a network as 10.0.0.0/8, or a range as 10.0.0.1-10.0.0.9", text)
	}
	first, err := parseBlockAddr(from)
	if err != nil {
		_, from, _ = cutLast(from, ":") // after a name
		first, err = parseBlockAddr(from)
	}
	if err != nil {
		return blockSpan{}, fmt.Errorf("%q: the range begins with no address", text)
	}
	if first.Is4() != last.Is4() || last.Less(first) {
		return blockSpan{}, fmt.Errorf("%q: the range ends before it begins", text)
	}
	return blockSpan{keyOf(first), keyOf(last)}, nil
}

func parseBlockAddr(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(strings.TrimSpace(text))
	if err == nil && a.Zone() != "" {
		err = errors.New("address with a zone")
	}
	return a.Unmap(), err
}

func cutLast(text, sep string) (before, after string, found bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(sep):], true
}

// prefixSpan is all of a network.
func prefixSpan(p netip.Prefix) blockSpan {
	first := keyOf(p.Masked().Addr())
	host := 128 - p.Bits()
	if p.Addr().Is4() {
		host = 32 - p.Bits()
	}
	last := first
	last.low |= 1<<min(host, 64) - 1 // a shift by 64 leaves 0, and 0-1 is all ones
	last.high |= 1<<max(host-64, 0) - 1
	return blockSpan{first, last}
}

// join sorts s and makes one of spans that overlap.
func (s blockSpans) join() blockSpans {
	slices.SortFunc(s, func(a, b blockSpan) int { return a.first.compare(b.first) })
	out := s[:0]
	for _, span := range s {
		if n := len(out); n > 0 && span.first.compare(out[n-1].last) <= 0 {
			if out[n-1].last.compare(span.last) < 0 {
				out[n-1].last = span.last
			}
			continue
		}
		out = append(out, span)
	}
	return slices.Clip(out)
}
