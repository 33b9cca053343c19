package sim

import (
	"strconv"

	"github.com/seed282dab8e/servent/sim/load"
)

// The workload knows words and files by number. Nodes get them as text: the name of
// a file is its words.

// files are the names of what a peer of the workload shares.
func (c *Crowd) files(peer int32) []string {
	var names []string
	for _, f := range c.shelves.Of(peer) {
		names = append(names, c.name(f))
	}
	return names
}

// name is the name of a file; equal ones share their memory.
func (c *Crowd) name(file int32) string {
	if c.names[file] == "" {
		c.names[file] = textOf(c.load.AppendName(nil, file)) + ".ogg"
	}
	return c.names[file]
}

// textOf writes words as file names and queries have them: w and a number to the base
// of 36.
func textOf(words []load.Word) string {
	var text []byte
	for i, word := range words {
		if i > 0 {
			text = append(text, ' ')
		}
		text = strconv.AppendUint(append(text, 'w'), uint64(word), 36)
	}
	return string(text)
}
