package servent

import (
	"context"
	"errors"

	"github.com/seed282dab8e/servent/protocol/tiger"
	"github.com/seed282dab8e/servent/servent/library"
	"github.com/seed282dab8e/servent/servent/transfer"
)

// serveUploads sets up what serves files to others.
func (s *Servent) serveUploads() {
	s.inbox = transfer.NewConnListener(s.listener.Addr(), maxPending)
	s.uploads = transfer.NewServer(transfer.ServerConfig{
		Files: shelf{s.lib}, Agent: s.cfg.agent(), GUID: s.id.guid(), MaxUploads: s.cfg.MaxUploads,
		Rate: limiter(s.cfg.UploadRate), Log: s.log,
		OnUpload: func(u transfer.Upload) { s.emit(Event{Event: "upload", Upload: uploadOf(&u)}) },
	})
}

// shelf is the library as the upload server sees it.
type shelf struct{ *library.Library }

// Tree returns the upper levels of a file's tiger tree.
func (shelf) Tree(context.Context, library.File) ([][]tiger.Digest, error) {
	return nil, errors.New("no trees are kept yet")
}
