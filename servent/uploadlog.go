package servent

import (
	"net/netip"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/transfer"
)

// uploadQuiet is how long somebody who fetches a file in parts may ask for nothing, before
// what he got is told of.
const uploadQuiet = 3 * time.Second

// uploadLog makes one event of all parts of a file that went to one host, one after the
// other or side by side. Its zero value tells nobody; its methods may be called from any
// goroutine.
type uploadLog struct {
	tell func(*UploadInfo)

	mu   sync.Mutex
	open map[uploadKey]*openUpload
}

type uploadKey struct {
	host netip.Addr
	file protocol.SHA1
}

// openUpload is what went out so far.
type openUpload struct {
	info  *UploadInfo
	begun time.Time
	quiet *time.Timer
}

// sent takes a body that has ended. What is the whole file is told of at once, and so is
// what was broken off.
func (l *uploadLog) sent(u transfer.Upload) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := uploadKey{u.Addr.Addr(), u.File.URN.SHA1}
	o := l.open[key]
	if o == nil {
		o = &openUpload{info: uploadOf(&u), begun: time.Now().Add(-u.Elapsed)}
	} else {
		o.quiet.Stop()
		o.info.Addr, o.info.Bytes = u.Addr.String(), o.info.Bytes+u.Bytes
		o.info.MS, o.info.Whole = time.Since(o.begun).Milliseconds(), u.Whole
	}
	if !u.Whole || o.info.Bytes >= u.File.Size {
		delete(l.open, key)
		l.tell(o.info)
		return
	}
	if l.open == nil {
		l.open = make(map[uploadKey]*openUpload)
	}
	l.open[key] = o
	o.quiet = time.AfterFunc(uploadQuiet, func() { l.end(key, o) })
}

// end tells of o, unless that has been done.
func (l *uploadLog) end(key uploadKey, o *openUpload) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[key] == o {
		delete(l.open, key)
		l.tell(o.info)
	}
}

// close tells of all that is open.
func (l *uploadLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, o := range l.open {
		o.quiet.Stop()
		delete(l.open, key)
		l.tell(o.info)
	}
}
