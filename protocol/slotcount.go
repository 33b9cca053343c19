package protocol

import "math/bits"

const (
	leastCells = 64
	spread     = 0x9E3779B1 // 2^32 by the golden ratio: Fibonacci hashing
	// mostCells bounds slotCounts to 1.5 MiB: a count of every slot takes 4 MiB.
	mostCells = 1 << 18
)

// slotCounts are the counts of a few slots of a table of MaxTableBits: an
// open-addressing table with linear probing, at most 3/4 full. Its zero value
// is empty.
type slotCounts struct {
	slots  []uint32 // and one; 0: free
	counts []uint16
	used   int // cells that are not free; their counts may be 0 by now
}

// of returns the count of a slot. With add it makes one where there is none, else
// it returns nil then. The pointer is good until the next call.
func (c *slotCounts) of(slot uint32, add bool) *uint16 {
	if add && 4*c.used >= 3*len(c.slots) {
		c.grow()
	}
	if len(c.slots) == 0 {
		return nil
	}
	i := c.find(slot)
	if c.slots[i] == 0 {
		if !add {
			return nil
		}
		c.slots[i] = slot + 1
		c.used++
	}
	return &c.counts[i]
}

// find returns the cell of a slot, or that where it belongs.
func (c *slotCounts) find(slot uint32) uint32 {
	mask := uint32(len(c.slots) - 1)
	i := slot * spread >> (hashBits - bits.Len32(mask))
	for c.slots[i] != 0 && c.slots[i] != slot+1 {
		i = (i + 1) & mask
	}
	return i
}

// full says whether what is added next may need more than mostCells.
func (c *slotCounts) full() bool { return 4*c.used >= 3*mostCells }

// grow makes room for more beside those that still count.
func (c *slotCounts) grow() {
	old := *c
	live := 0
	for _, n := range old.counts {
		if n > 0 {
			live++
		}
	}
	size := leastCells
	for size <= 2*live {
		size *= 2
	}
	size = min(size, mostCells)
	*c = slotCounts{slots: make([]uint32, size), counts: make([]uint16, size)}
	for i, n := range old.counts {
		if n > 0 {
			at := c.find(old.slots[i] - 1)
			c.slots[at], c.counts[at] = old.slots[i], n
			c.used++
		}
	}
}

// all returns the counts of all slots.
func (c *slotCounts) all() []uint16 {
	all := make([]uint16, 1<<MaxTableBits)
	for i, n := range c.counts {
		if n > 0 {
			all[c.slots[i]-1] = n
		}
	}
	return all
}
