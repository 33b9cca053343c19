package control

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/seed282dab8e/servent/servent"
)

// downloads answers with a line for each download.
func (x *exchange) downloads(list []servent.DownloadInfo, err error) error {
	for i := range list {
		x.send(line{Download: &list[i]})
	}
	return x.end(line{Done: true}, err)
}

func (s *server) changeDownloads(x *exchange) error {
	c := servent.DownloadChange{}
	if err := x.read(&c); err != nil {
		return err
	}
	c.Action = x.r.PathValue("action")
	return x.downloads(s.node.ChangeDownloads(x.ctx, c))
}

func (s *server) detach(x *exchange) error {
	var req detached
	if err := x.read(&req); err != nil {
		return err
	}
	for _, r := range req.Requests {
		if err := wantAbsolute(r.Dir); err != nil {
			return err
		}
	}
	return x.downloads(s.node.Detach(req.Requests))
}

// Downloads lists the downloads of the servent.
func (c *Client) Downloads(ctx context.Context) ([]servent.DownloadInfo, error) {
	return c.downloads(ctx, "GET", "/downloads", nil)
}

// ChangeDownloads does what a servent's ChangeDownloads does.
func (c *Client) ChangeDownloads(ctx context.Context, change servent.DownloadChange) ([]servent.DownloadInfo, error) {
	return c.downloads(ctx, "POST", "/downloads/"+change.Action, change)
}

// Detach does what a servent's Detach does, in as many requests as it takes.
func (c *Client) Detach(ctx context.Context, reqs []servent.GetRequest) ([]servent.DownloadInfo, error) {
	var out []servent.DownloadInfo
	for len(reqs) > 0 {
		n, size := 0, 0
		for n < len(reqs) {
			text, err := json.Marshal(reqs[n])
			if err != nil {
				return out, fmt.Errorf("write request: %w", err)
			}
			if size += len(text) + 1; n > 0 && size > maxBody-64 {
				break
			}
			n++
		}
		list, err := c.downloads(ctx, "POST", "/downloads/detach", detached{reqs[:n]})
		if err != nil {
			return out, err
		}
		out, reqs = append(out, list...), reqs[n:]
	}
	return out, nil
}

func (c *Client) downloads(ctx context.Context, method, path string, in any) ([]servent.DownloadInfo, error) {
	list := []servent.DownloadInfo{}
	_, err := c.stream(ctx, method, path, in, func(l *line) {
		if l.Download != nil {
			list = append(list, *l.Download)
		}
	})
	return list, err
}
