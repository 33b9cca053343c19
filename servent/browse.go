package servent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent/transfer"
)

// BrowseRequest says whose files to list.
type BrowseRequest struct {
	Source FoundSource `json:"source"` // Addr may be host:port, and is enough
	Query  string      `json:"query"`  // only files that match; empty: all
	Limit  int         `json:"limit"`  // files after which the list ends; 0: none
}

// Browse asks one servent what it shares and calls found for each file as it
// comes, on the caller's goroutine.
func (s *Servent) Browse(ctx context.Context, req BrowseRequest, found func(Found)) error {
	ctx, cancel := s.whileRunning(ctx)
	defer cancel()
	var q search.Query
	if strings.TrimSpace(req.Query) != "" {
		var err error
		if q, err = search.ParseQuery(req.Query); err != nil {
			return fmt.Errorf("browse %q: %w", req.Query, err)
		}
	}
	src, err := s.sourceOf(ctx, req.Source)
	if err != nil {
		return err
	}
	start, files := time.Now(), 0
	err = s.loads.Browse(ctx, src, func(hit protocol.QueryHit, f protocol.FileRecord) bool {
		r := browsed(src, hit, f)
		if !q.Match(strings.Trim(r.Path+"/"+r.Name, "/"), r.Size, r.Type) {
			return true
		}
		r.Elapsed = time.Since(start)
		found(foundOf(&r))
		files++
		return req.Limit == 0 || files < req.Limit
	})
	if s.life.Err() != nil && errors.Is(err, context.Canceled) {
		return errStopped
	}
	return err
}

// browsed is the row of a file that src lists. It is asked for the file where it
// was asked for the list, whatever the hit says.
func browsed(src transfer.Source, hit protocol.QueryHit, f protocol.FileRecord) search.Result {
	r := search.Result{Name: search.Clean(f.Name), Size: f.Size, URN: f.URN, Hops: 1}
	if r.Name == "" {
		r.Name = f.URN.SHA1.String()
	}
	folders := strings.Split(f.Path, "/")
	for i := range folders {
		folders[i] = search.Clean(folders[i])
	}
	r.Path, r.Type = strings.Join(folders, "/"), search.TypeOf(r.Name)
	from := search.Source{Addr: src.Addr, Servent: hit.Servent, Index: f.Index, Push: src.Push, Hops: 1, Proxies: src.Proxies}
	if qhd, ok := hit.QHD(); ok {
		from.Agent = search.Clean(qhd.Vendor)
	}
	r.Sources = []search.Source{from}
	return r
}

// sourceOf finds the address of a source that a user named.
func (s *Servent) sourceOf(ctx context.Context, f FoundSource) (transfer.Source, error) {
	id, _ := protocol.ParseGUID(f.GUID) // zero where it is not told
	src := transfer.Source{Servent: id, Push: f.Push, Proxies: proxiesOf(f.Proxies)}
	if f.Addr == "" {
		return src, nil
	}
	addrs, err := resolve(ctx, []string{f.Addr})
	if err != nil {
		return src, err
	}
	src.Addr = addrs[0]
	return src, nil
}
