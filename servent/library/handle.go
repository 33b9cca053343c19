package library

import "time"

// fileStat is what is looked at of a file.
type fileStat struct {
	regular bool
	size    uint64
	mtime   int64  // nanoseconds since 1970
	inode   uint64 // 0: not known
}

// describe gives c what the file system says of the file.
func (c *candidate) describe(s fileStat) {
	c.size, c.modTime, c.inode = s.size, time.Unix(0, s.mtime), s.inode
}

// is says whether s is what c was when it was found. Not all file systems have
// inodes that stay.
func (c *candidate) is(s fileStat) bool {
	return s.regular && s.size == c.size && s.mtime == c.modTime.UnixNano() &&
		(s.inode == c.inode || c.inode == 0)
}
