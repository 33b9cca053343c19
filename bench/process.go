package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// memoryEvery is how often a process is asked for its memory. What it takes in
// the last moment of its life goes unseen.
const memoryEvery = 10 * time.Millisecond

// usage is what processes have used up.
type usage struct {
	cpu, wall time.Duration
	peak      int64 // most bytes resident; not known where there is no /proc
}

// and sums up two processes, one after the other.
func (u usage) and(v usage) usage {
	return usage{u.cpu + v.cpu, u.wall + v.wall, max(u.peak, v.peak)}
}

// measured runs a command to its end. Its own rusage would tell more memory
// than it has had: what its parent had when it was born.
func measured(cmd *exec.Cmd) (usage, error) {
	var u usage
	var errs bytes.Buffer
	if cmd.Stderr == nil {
		cmd.Stderr = &errs
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return u, err
	}
	ended, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		tick := time.NewTicker(memoryEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				u.peak = max(u.peak, memoryOf(cmd.Process.Pid)["VmHWM"])
			case <-ended:
				return
			}
		}
	}()
	err := cmd.Wait()
	u.wall = time.Since(start)
	close(ended)
	<-watched
	if err != nil {
		return u, fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, strings.TrimSpace(errs.String()))
	}
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return u, nil
}

// memoryOf returns what the kernel says of a process's memory, in bytes.
func memoryOf(pid int) map[string]int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil
	}
	out := make(map[string]int64)
	for line := range strings.Lines(string(b)) {
		name, rest, _ := strings.Cut(line, ":")
		if n, ok := strings.CutSuffix(strings.TrimSpace(rest), " kB"); ok {
			if kib, err := strconv.ParseInt(n, 10, 64); err == nil {
				out[name] = kib << 10
			}
		}
	}
	return out
}

// cpuOf is the processor time that processes have used since they began; 0 where
// there is no /proc.
func cpuOf(pids []int) (sum time.Duration) {
	for _, pid := range pids {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // there is none elsewhere
		_, rest, _ := strings.Cut(string(b), ") ")             // behind the name
		fields := strings.Fields(rest)
		if len(fields) < 13 {
			continue
		}
		for _, field := range fields[11:13] { // utime and stime
			ticks, _ := strconv.ParseInt(field, 10, 64)
			sum += time.Duration(ticks) * (time.Second / 100) // USER_HZ
		}
	}
	return sum
}

// again is a command that runs this very program as a worker.
func again(ctx context.Context, args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, self, args...), nil
}

// missing says which tools are not there, so that the word is left out.
func missing(tools ...string) error {
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%w: %s is not installed: apt-get install %s", errLeftOut, tool, strings.Replace(tool, aria2, "aria2", 1))
		}
	}
	return nil
}

// errLeftOut says that a word cannot be measured here.
var errLeftOut = errors.New("left out")

// buildServent builds the program as it is shipped, into dir.
func buildServent(ctx context.Context, dir string) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/seed282dab8e/servent").Output()
	if err != nil {
		return "", fmt.Errorf("find the servent's module: %w", err)
	}
	program := filepath.Join(dir, "servent")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./cmd/servent")
	cmd.Dir = strings.TrimSpace(string(root))
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the servent: %w\n%s", err, out)
	}
	return program, nil
}

// serventCommand is a command of the program, which knows no other home than dir.
func serventCommand(ctx context.Context, program, dir string, args ...string) *exec.Cmd {
	return serventAt(ctx, program, dir, "127.0.0.1", args...)
}

// serventAt is serventCommand for a servent at one address of this machine.
func serventAt(ctx context.Context, program, dir, host string, args ...string) *exec.Cmd {
	return serventJoin(ctx, program, dir, append(args, "--listen", host+":0", "--connect-only")...)
}

// serventJoin is serventCommand where a servent runs on dir already, and does what
// is asked.
func serventJoin(ctx context.Context, program, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, append(args, "--data-dir", filepath.Join(dir, "data"))...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	return cmd
}

// sharing is a `servent share` or `servent supernode` that runs.
type sharing struct {
	cmd   *exec.Cmd
	out   *bufio.Reader
	took  time.Duration // until all could be found
	ready servent.Ready
	rest  chan struct{} // closed when nothing more comes
}

// startSharing starts one of home by a command (share or supernode), and returns
// when it says that it is ready: all is shared then, and can be found.
func startSharing(ctx context.Context, program, home, command string, args ...string) (*sharing, error) {
	return startSharingAt(ctx, program, home, "127.0.0.1", command, args...)
}

// startSharingAt is startSharing at one address of this machine.
func startSharingAt(ctx context.Context, program, home, host, command string, args ...string) (*sharing, error) {
	s := &sharing{cmd: serventAt(ctx, program, home, host, append([]string{command, "--json"}, args...)...), rest: make(chan struct{})}
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("servent %s: %w", command, err)
	}
	s.out = bufio.NewReader(out)
	err = s.await()
	s.took = time.Since(start)
	go func() {
		defer close(s.rest)
		_, _ = io.Copy(io.Discard, s.out) // its end is all that counts
	}()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("servent %s: %w", command, err), s.stop())
	}
	return s, nil
}

func (s *sharing) await() error {
	for {
		line, err := s.out.ReadBytes('\n')
		if err != nil {
			return err
		}
		var e struct {
			Event string
			servent.Ready
		}
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		if e.Event == "ready" {
			s.ready = e.Ready
			return nil
		}
	}
}

func (s *sharing) memory() map[string]int64 { return memoryOf(s.cmd.Process.Pid) }

// uploaded asks the servent of home how many bytes of files it has sent.
func uploaded(ctx context.Context, program, home string) (int64, error) {
	out, err := serventJoin(ctx, program, home, "status", "--json").Output()
	var st servent.Status
	if err == nil {
		err = json.Unmarshal(out, &st)
	}
	if err != nil {
		return 0, fmt.Errorf("servent status: %w", err)
	}
	return int64(st.Transfer.Uploaded), nil
}

// stop ends it as Ctrl-C does.
func (s *sharing) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.rest
	return s.cmd.Wait()
}
