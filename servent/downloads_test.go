package servent_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
)

const slowRate = 1 << 20 // bytes a second

// slowSource shares a file of 3 MB, of which a third comes in a second.
func slowSource(t *testing.T) (servent.GetRequest, []byte) {
	t.Helper()
	dir, content, urn := shareFile(t, "walrus.ogg", 3*slowRate)
	source := start(t, servent.Config{UploadRate: slowRate}, dir)
	return servent.GetRequest{
		Magnet: "magnet:?xt=" + urn + "&dn=walrus.ogg", Dir: t.TempDir(),
		Sources: []servent.FoundSource{{Addr: source.Addr().String(), GUID: source.GUID().String()}},
	}, content
}

// awaitDownload returns the only download once it is as wanted.
func awaitDownload(t *testing.T, s *servent.Servent, what string, ok func(servent.DownloadInfo) bool) servent.DownloadInfo {
	t.Helper()
	var list []servent.DownloadInfo
	for end := time.Now().Add(foreignWait); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if list = s.Downloads(); len(list) == 1 && ok(list[0]) {
			return list[0]
		}
	}
	t.Fatalf("not %s: %+v", what, list)
	return servent.DownloadInfo{}
}

func phase(want string) func(servent.DownloadInfo) bool {
	return func(i servent.DownloadInfo) bool { return i.Phase == want }
}

func begun(i servent.DownloadInfo) bool { return i.Done > slowRate/8 }

func changeAll(t *testing.T, s *servent.Servent, c servent.DownloadChange) []servent.DownloadInfo {
	t.Helper()
	c.IDs = []string{"all"}
	list, err := s.ChangeDownloads(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestPausedGetGoesOn: whoever called Get sees that it is paused, and gets the file
// once it is resumed.
func TestPausedGetGoesOn(t *testing.T) {
	req, content := slowSource(t)
	s := start(t, servent.Config{})
	type end struct {
		got servent.Got
		err error
	}
	states, ended := make(chan string, 1000), make(chan end, 1)
	go func() {
		got, err := s.Get(t.Context(), req, func(p servent.GetProgress) { states <- p.State })
		ended <- end{got, err}
	}()
	awaitDownload(t, s, "begun", begun)
	if list := changeAll(t, s, servent.DownloadChange{Action: "pause"}); len(list) != 1 || list[0].Phase != servent.PhasePaused {
		t.Fatalf("paused: %+v", list)
	}
	at := awaitDownload(t, s, "paused", phase(servent.PhasePaused))
	select {
	case e := <-ended:
		t.Fatalf("Get has ended: %+v, %v", e.got, e.err)
	case <-time.After(300 * time.Millisecond):
	}
	if now := s.Downloads()[0]; now.Done != at.Done {
		t.Errorf("%d bytes, later %d", at.Done, now.Done)
	}
	changeAll(t, s, servent.DownloadChange{Action: "resume"})
	e := <-ended
	if e.err != nil || !e.got.Verified {
		t.Fatalf("%+v, %v", e.got, e.err)
	}
	if text, err := os.ReadFile(e.got.Path); err != nil || string(text) != string(content) {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	close(states)
	paused := false
	for state := range states {
		paused = paused || state == servent.StatePaused
	}
	if !paused {
		t.Error("the caller is not told")
	}
	if list := s.Downloads(); len(list) != 0 {
		t.Errorf("still listed: %+v", list)
	}
}

// TestChangeOfOneThatLoads: to resume or to rank a download that loads does not wait
// until it is done.
func TestChangeOfOneThatLoads(t *testing.T) {
	for _, c := range []servent.DownloadChange{{Action: "resume"}, {Action: "priority", Priority: servent.PriorityHigh}} {
		t.Run(c.Action, func(t *testing.T) {
			req, _ := slowSource(t)
			s := start(t, servent.Config{})
			ended := make(chan error, 1)
			go func() {
				_, err := s.Get(t.Context(), req, func(servent.GetProgress) {})
				ended <- err
			}()
			awaitDownload(t, s, "begun", begun)
			list := changeAll(t, s, c)
			if len(list) != 1 || list[0].Phase != servent.PhaseLoading || list[0].Done == list[0].Total {
				t.Errorf("%+v", list)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCancelledGet: nothing is left, or with Keep what has come; paused before or not.
func TestCancelledGet(t *testing.T) {
	for name, tt := range map[string]struct{ keep, pause bool }{
		"loading": {}, "paused": {pause: true}, "loading, kept": {keep: true}, "paused, kept": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			req, _ := slowSource(t)
			s := start(t, servent.Config{})
			ended := make(chan error, 1)
			go func() {
				_, err := s.Get(t.Context(), req, func(servent.GetProgress) {})
				ended <- err
			}()
			awaitDownload(t, s, "begun", begun)
			if tt.pause {
				changeAll(t, s, servent.DownloadChange{Action: "pause"})
			}
			changeAll(t, s, servent.DownloadChange{Action: "cancel", Keep: tt.keep})
			err := <-ended
			var kept *servent.KeptError
			if !errors.Is(err, servent.ErrCancelled) || errors.As(err, &kept) != tt.keep {
				t.Errorf("ended: %v", err)
			}
			left, _ := filepath.Glob(filepath.Join(req.Dir, "*"))
			if want := map[bool]int{true: 2}[tt.keep]; len(left) != want { // .part and journal
				t.Errorf("left: %q", left)
			}
		})
	}
}

// TestDetachedOutlivesRestart: it is loaded by the next servent on the data dir, paused
// where it was paused, and is remembered once it is done.
func TestDetachedOutlivesRestart(t *testing.T) {
	req, content := slowSource(t)
	cfg := servent.Config{DataDir: t.TempDir(), KeepDownloads: true}
	var id string
	t.Run("first", func(t *testing.T) {
		s := start(t, cfg)
		list, err := s.Detach([]servent.GetRequest{req, req})
		if err != nil || len(list) != 2 || list[0].ID != list[1].ID || !list[0].Detached {
			t.Fatalf("%+v, %v", list, err)
		}
		id = list[0].ID
		awaitDownload(t, s, "begun", begun)
	})
	t.Run("second", func(t *testing.T) {
		s := start(t, cfg)
		if i := awaitDownload(t, s, "taken up", begun); i.ID != id {
			t.Errorf("id %s, was %s", i.ID, id)
		}
		changeAll(t, s, servent.DownloadChange{Action: "pause"})
		changeAll(t, s, servent.DownloadChange{Action: "priority", Priority: "low"})
	})
	t.Run("third", func(t *testing.T) {
		s := start(t, cfg)
		time.Sleep(100 * time.Millisecond)
		i := awaitDownload(t, s, "paused", phase(servent.PhasePaused))
		if i.Priority != "low" || i.Done == 0 || i.Total != uint64(len(content)) || i.Name != "walrus.ogg" {
			t.Errorf("%+v", i)
		}
		changeAll(t, s, servent.DownloadChange{Action: "resume"})
		i = awaitDownload(t, s, "done", phase(servent.PhaseDone))
		if text, err := os.ReadFile(i.Path); err != nil || string(text) != string(content) {
			t.Errorf("%s: %d bytes, %v", i.Path, len(text), err)
		}
	})
	t.Run("fourth", func(t *testing.T) {
		if i := awaitDownload(t, start(t, cfg), "still done", phase(servent.PhaseDone)); i.Path == "" {
			t.Errorf("%+v", i)
		}
	})
}

// TestCancelledAfterRestart: what was left before is removed, too.
func TestCancelledAfterRestart(t *testing.T) {
	req, _ := slowSource(t)
	cfg := servent.Config{DataDir: t.TempDir(), KeepDownloads: true}
	t.Run("first", func(t *testing.T) {
		s := start(t, cfg)
		if _, err := s.Detach([]servent.GetRequest{req}); err != nil {
			t.Fatal(err)
		}
		awaitDownload(t, s, "begun", begun)
		changeAll(t, s, servent.DownloadChange{Action: "pause"})
	})
	if left, _ := filepath.Glob(filepath.Join(req.Dir, "*")); len(left) != 2 {
		t.Fatalf("left: %q", left)
	}
	s := start(t, cfg)
	changeAll(t, s, servent.DownloadChange{Action: "cancel"})
	if left, _ := filepath.Glob(filepath.Join(req.Dir, "*")); len(left) != 0 || len(s.Downloads()) != 0 {
		t.Errorf("left: %q, %+v", left, s.Downloads())
	}
}

// TestDamagedDownloads: the user is warned, and the list begun anew.
func TestDamagedDownloads(t *testing.T) {
	const good = `{"id":"PLSTHI","request":{"magnet":"urn:sha1:PLSTHIPQGSSZTS5FJUPAKUZWUGYQYPFB","dir":"/tmp"},"phase":"paused"}`
	for name, tt := range map[string]struct {
		text, warning string
		listed        int
	}{
		"good":      {`{"downloads":[` + good + `]}`, "", 1},
		"cut":       {`{"downloads":[` + good, "begun anew", 0},
		"empty":     {"", "begun anew", 0},
		"twice":     {`{"downloads":[` + good + "," + good + `]}`, "make no sense", 1},
		"no folder": {`{"downloads":[` + strings.Replace(good, "/tmp", "tmp", 1) + "," + good + `]}`, "make no sense", 1},
		"no magnet": {`{"downloads":[` + strings.Replace(good, "sha1", "sha2", 1) + "," + good + `]}`, "make no sense", 1},
		"no id":     {`{"downloads":[` + strings.Replace(good, `"PLSTHI"`, `"\u001b[2J"`, 1) + "," + good + `]}`, "make no sense", 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "downloads.json"), []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			log, hook := logtest.NewNullLogger()
			s := start(t, servent.Config{DataDir: dir, KeepDownloads: true, Log: log})
			if n := len(s.Downloads()); n != tt.listed {
				t.Errorf("%d downloads", n)
			}
			warning := ""
			for _, e := range hook.AllEntries() {
				if e.Level == logrus.WarnLevel {
					warning += e.Message
				}
			}
			if !strings.Contains(warning, tt.warning) || tt.warning == "" && warning != "" {
				t.Errorf("warned: %q, want %q", warning, tt.warning)
			}
		})
	}
}

// TestDetachRefused: by a servent that ends with its command, and of what is no file.
func TestDetachRefused(t *testing.T) {
	good := servent.GetRequest{Magnet: "urn:sha1:PLSTHIPQGSSZTS5FJUPAKUZWUGYQYPFB", Dir: "/tmp"}
	brief := start(t, servent.Config{DataDir: t.TempDir()})
	if _, err := brief.Detach([]servent.GetRequest{good}); err == nil || !strings.Contains(err.Error(), "servent share") {
		t.Errorf("brief: %v", err)
	}
	dir := t.TempDir()
	s := start(t, servent.Config{DataDir: dir, KeepDownloads: true})
	for _, bad := range []servent.GetRequest{{Magnet: "x", Dir: "/tmp"}, {Magnet: good.Magnet, Dir: "tmp"}} {
		if _, err := s.Detach([]servent.GetRequest{good, bad}); err == nil || len(s.Downloads()) != 0 {
			t.Errorf("%+v: %v, listed %v", bad, err, s.Downloads())
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "downloads.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Detach([]servent.GetRequest{good}); err == nil || !strings.Contains(err.Error(), "keep the list") || len(s.Downloads()) != 0 {
		t.Errorf("cannot be written down: %v, listed %v", err, s.Downloads())
	}
}
