package servent

import "github.com/seed282dab8e/servent/servent/transfer"

// serveUploads sets up what serves files to others.
func (s *Servent) serveUploads() {
	s.inbox = transfer.NewConnListener(s.listener.Addr(), maxPending)
	s.uploads = transfer.NewServer(transfer.ServerConfig{
		Files: s.lib, Catalog: s.lib, Agent: s.cfg.agent(), GUID: s.id.guid(), MaxUploads: s.cfg.MaxUploads,
		Rate: limiter(s.cfg.UploadRate), Log: s.log,
		OnUpload: func(u transfer.Upload) { s.emit(Event{Event: "upload", Upload: uploadOf(&u)}) },
	})
}
