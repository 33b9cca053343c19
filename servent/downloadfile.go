package servent

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
)

const (
	// downloadsFile keeps the detached downloads, for the next start.
	downloadsFile = "downloads.json"
	// maxDownloadsFile is how large it may be.
	maxDownloadsFile = 64 << 20
	// downloadsEvery is how often it is written at most while nobody waits for it, and
	// how often it is looked whose turn it is.
	downloadsEvery = time.Second
)

// keptDownload is a detached download as it lies on disk.
type keptDownload struct {
	ID       string     `json:"id"`
	Request  GetRequest `json:"request"`
	Added    time.Time  `json:"added"`
	Priority string     `json:"priority"`
	Phase    string     `json:"phase"`
	Name     string     `json:"name"`
	Done     uint64     `json:"done"`
	Total    uint64     `json:"total"`
	Path     string     `json:"path,omitempty"`
	Part     string     `json:"part,omitempty"` // what the last loading has left
	Error    string     `json:"error,omitempty"`
}

// idRunes are what ids are made of.
const idRunes = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

// kept is d as it is written down. downloads.mu is held.
func (d *download) kept() keptDownload {
	k := keptDownload{
		ID: d.id, Request: d.req, Added: d.added, Priority: d.priority, Phase: d.phase,
		Name: d.progress.Name, Done: d.progress.Done, Total: d.progress.Total, Path: d.path,
	}
	var part *KeptError
	if errors.As(d.left, &part) {
		k.Part = part.Path
	}
	if d.left != nil && d.phase == PhaseFailed {
		k.Error = d.left.Error()
	}
	if d.pausing {
		k.Phase = PhasePaused
	}
	return k
}

// read makes a download of what was written down.
func (k *keptDownload) read() (*download, error) {
	m, err := parseWanted(k.Request.Magnet)
	if err != nil {
		return nil, err
	}
	if strings.Trim(k.ID, idRunes) != "" || len(k.ID) < minID || len(k.ID) > 40 || !filepath.IsAbs(k.Request.Dir) {
		return nil, fmt.Errorf("id %q, folder %q", k.ID, k.Request.Dir)
	}
	d := newDownload(k.Request, m)
	d.id, d.detached, d.added, d.path = k.ID, true, k.Added, k.Path
	d.progress = GetProgress{Name: k.Name, Done: k.Done, Total: k.Total}
	if slices.Contains([]string{PriorityHigh, PriorityLow}, k.Priority) {
		d.priority = k.Priority
	}
	if slices.Contains([]string{PhaseDone, PhaseFailed, PhasePaused}, k.Phase) {
		d.phase, d.pausing = k.Phase, k.Phase == PhasePaused
	}
	if k.Error != "" {
		d.left = errors.New(k.Error)
	}
	if k.Part != "" {
		d.left = &KeptError{Err: errors.New(cmp.Or(k.Error, "interrupted")), Path: k.Part, Bytes: k.Done}
	}
	return d, nil
}

// readDownloads reads what was written down, and says how much of it was of no use.
func readDownloads(text []byte) (list []*download, wrong int, err error) {
	var file struct {
		Downloads []keptDownload `json:"downloads"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, 0, err
	}
	seen := map[string]bool{}
	for _, k := range file.Downloads {
		d, err := k.read()
		if err != nil || seen[k.ID] || len(list) == maxDownloads {
			wrong++
			continue
		}
		seen[k.ID] = true
		list = append(list, d)
	}
	return list, wrong, nil
}

// loadDownloads takes up what an earlier run has left.
func (s *Servent) loadDownloads() {
	if !s.keepsDownloads() {
		return
	}
	log := s.log.WithField("component", "download")
	path := s.cfg.file(downloadsFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var list []*download
	var wrong int
	if err == nil {
		defer f.Close()
		var text []byte
		if text, err = io.ReadAll(io.LimitReader(f, maxDownloadsFile+1)); len(text) > maxDownloadsFile {
			err = fmt.Errorf("larger than %d bytes", maxDownloadsFile)
		}
		if err == nil {
			list, wrong, err = readDownloads(text)
		}
	}
	switch {
	case err != nil:
		log.WithError(err).WithField("file", path).Warn("the list of downloads is damaged and begun anew: name again what you want")
	case wrong > 0:
		log.WithFields(logrus.Fields{"file": path, "count": wrong}).Warn("entries of the list of downloads make no sense and are left out")
	}
	s.gets.mu.Lock()
	defer s.gets.mu.Unlock()
	for _, d := range list {
		s.gets.add(d)
	}
}

func (s *Servent) keepsDownloads() bool { return s.cfg.KeepDownloads && s.cfg.DataDir != "" }

// saveDownloads writes down what has changed of the detached downloads.
func (s *Servent) saveDownloads() error {
	if !s.keepsDownloads() {
		return nil
	}
	s.savingGets.Lock() // so that an older state does not come after a newer
	defer s.savingGets.Unlock()
	list := []keptDownload{}
	s.gets.mu.Lock()
	dirty := s.gets.dirty
	for _, d := range s.gets.all {
		if dirty && d.detached {
			list = append(list, d.kept())
		}
	}
	s.gets.dirty = false
	s.gets.mu.Unlock()
	if !dirty {
		return nil
	}
	text, err := json.Marshal(map[string]any{"downloads": list})
	if err == nil {
		err = WriteFile(s.cfg.file(downloadsFile), text)
	}
	if err != nil {
		s.gets.mu.Lock()
		s.gets.dirty = true
		s.gets.mu.Unlock()
		return fmt.Errorf("keep the list of downloads: %w", err)
	}
	return nil
}

// runDownloads starts what was detached when its turn comes, and writes it down.
func (s *Servent) runDownloads(ctx context.Context) {
	failed := false
	for {
		busy, due := s.gets.look(time.Now())
		for _, d := range due {
			s.wg.Go(func() { _, _ = s.attempt(ctx, d, func(GetProgress) {}) }) // noted in d
		}
		err := s.saveDownloads()
		if err != nil && !failed {
			s.log.WithField("component", "download").WithError(err).Warn("downloads may be lost when the servent ends")
		}
		failed = err != nil
		var tick <-chan time.Time
		if busy || failed {
			tick = time.After(downloadsEvery)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick:
			continue
		case <-s.gets.wake:
		}
		select { // more may come soon
		case <-ctx.Done():
			return
		case <-time.After(downloadsEvery / 20):
		}
	}
}
