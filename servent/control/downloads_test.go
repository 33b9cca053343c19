package control

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed282dab8e/servent/servent"
)

// TestDetachMany: so many that they do not fit into one request, in their order.
func TestDetachMany(t *testing.T) {
	n := &fakeNode{}
	c := serve(t, n).client(t)
	var reqs []servent.GetRequest
	for i := range 1000 {
		reqs = append(reqs, servent.GetRequest{Magnet: strings.Repeat("x", 1000+i), Dir: "/tmp"})
	}
	list, err := c.Detach(t.Context(), reqs)
	if err != nil || len(list) != len(reqs) || list[999].ID != "999" || list[999].Name != reqs[999].Magnet {
		t.Fatalf("%d detached, %v", len(list), err)
	}
	if all, err := c.Downloads(t.Context()); err != nil || !slices.Equal(all, list) {
		t.Errorf("%d listed, %v", len(all), err)
	}
	if _, err := c.Detach(t.Context(), []servent.GetRequest{{Magnet: "x", Dir: "tmp"}}); err == nil || !strings.Contains(err.Error(), "absolute") {
		t.Errorf("folder without a root: %v", err)
	}
	if _, err := c.Detach(t.Context(), []servent.GetRequest{{Magnet: strings.Repeat("x", maxBody), Dir: "/tmp"}}); err == nil {
		t.Error("a request that is too large is taken")
	}
}

func TestChangeDownloads(t *testing.T) {
	n := &fakeNode{}
	c := serve(t, n).client(t)
	want := servent.DownloadChange{Action: "cancel", IDs: []string{"A", "B"}, Keep: true}
	list, err := c.ChangeDownloads(t.Context(), want)
	if err != nil || len(list) != 1 || list[0].ID != "A" || list[0].State != "cancel" {
		t.Errorf("%+v, %v", list, err)
	}
	if n.changed.Action != "cancel" || !n.changed.Keep || !slices.Equal(n.changed.IDs, want.IDs) {
		t.Errorf("asked for %+v", n.changed)
	}
	if _, err := c.ChangeDownloads(t.Context(), servent.DownloadChange{Action: "pause"}); err == nil || err.Error() != "no such download" {
		t.Errorf("refused: %v", err)
	}
}
