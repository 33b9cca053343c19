package tiger

// Tree computes the root of the hash tree over everything written to it. Its
// zero value is an empty tree, ready to use.
type Tree struct{}

// Write adds b to the file. It never fails.
func (t *Tree) Write(b []byte) (int, error) { panic("unwritten") }

// Root returns the root of what was written so far. More may follow.
func (t *Tree) Root() Digest { panic("unwritten") }

// Size returns how many bytes were written.
func (t *Tree) Size() uint64 { panic("unwritten") }

// Reset makes t empty again.
func (t *Tree) Reset() { *t = Tree{} }
