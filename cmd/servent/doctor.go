package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/seed282dab8e/servent/servent"
	"github.com/seed282dab8e/servent/servent/control"
	"github.com/spf13/cobra"
)

// doctorFlags are the flags of doctor.
type doctorFlags struct {
	node   nodeFlags
	within time.Duration
}

func (a *app) doctorCommand() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what keeps others away, and what to do about it",
		Long: `Check what a servent needs: a network, its port, other servents, whether these get
through to it by TCP and UDP, what routers do on the way, and the clock. Of each fault
it tells what that means and one thing to do.

It asks the servent that runs on this data dir. Where there is none, it starts one for
some seconds, with the same settings and nothing shared, and leaves nothing behind.

Verdicts are ok, fault, unknown (nobody could tell), and off (there is nothing to
check). The exit code is 0 where there is no fault, and 5 where there is one. With --json
it prints one object: "well", "findings", and the "status" that they were made of. A
finding's "fault" is no_route, port_taken, no_bootstrap, tcp_unreachable,
udp_unreachable, udp_blocked, symmetric_nat, mapping_refused, mapping_useless,
double_nat or clock_off.`,
		Example: examples(
			"servent doctor",
			"servent doctor --network gnutella         look at the public network, where no servent runs",
			`servent doctor --json | jq -r '.findings[] | select(.verdict == "fault").do'`,
		),
		Args: noArgs,
		RunE: a.do(func(ctx context.Context, _ []string) error { return a.doctor(ctx, &f) }),
	}
	cmd.Flags().DurationVar(&f.within, "within", 30*time.Second, "how long to look, where no servent runs")
	f.node.add(cmd)
	return cmd
}

// errFaults says that doctor has found some.
var errFaults = errors.New("faults found")

func (a *app) doctor(ctx context.Context, f *doctorFlags) error {
	if f.within <= 0 {
		return usagef("--within %v: use a time such as 30s", f.within)
	}
	facts, err := a.examine(ctx, f)
	if err != nil {
		return err
	}
	findings := servent.Diagnose(facts)
	a.showFindings(findings, &facts.Status)
	for _, one := range findings {
		if one.Verdict == servent.VerdictFault {
			return told(errFaults)
		}
	}
	return nil
}

// examine asks the servent that runs, or one of its own.
func (a *app) examine(ctx context.Context, f *doctorFlags) (servent.Facts, error) {
	cfg, err := a.nodeConfig(&f.node)
	if err != nil {
		return servent.Facts{}, err
	}
	client, err := control.Dial(ctx, cfg.DataDir)
	switch {
	case err == nil:
		defer client.Close()
		a.warnUnused(f.node.names(), client.Version().Command)
		st, err := client.Status(ctx)
		return servent.Facts{Status: st}, err
	case !errors.Is(err, control.ErrNotRunning):
		return servent.Facts{}, err
	}
	facts := servent.Facts{}
	if !servent.Begun(cfg.DataDir) { // what was not there shall not be left behind
		if cfg.DataDir, err = os.MkdirTemp("", "servent-doctor-"); err != nil {
			return facts, fmt.Errorf("folder for a servent of some seconds: %w", err)
		}
		defer func() { _ = os.RemoveAll(cfg.DataDir) }()
		facts.Brief = cfg.Listen == ""
	}
	cfg.Overlay.Hasty = true
	client, own, err := a.join(ctx, cfg)
	if errors.Is(err, syscall.EADDRINUSE) && cfg.Listen != "" {
		facts.Taken, facts.Brief = cfg.Listen, true
		cfg.Listen = anyPort(cfg.Listen)
		client, own, err = a.join(ctx, cfg)
	}
	switch {
	case err != nil:
		return facts, err
	case client != nil: // it has just been started
		defer client.Close()
		facts.Status, err = client.Status(ctx)
		return facts, err
	}
	facts.Status, err = a.observe(ctx, own, &facts, f.within)
	return facts, err
}

// observe runs a servent until enough is known of it, or the time is over.
func (a *app) observe(ctx context.Context, own *servent.Servent, facts *servent.Facts, within time.Duration) (st servent.Status, err error) {
	running, end := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- own.Run(running) }()
	defer func() { // its mappings are removed before it ends
		end()
		err = errors.Join(err, <-ended)
	}()
	if a.live == nil {
		a.note("no servent runs on this data dir: one is started for up to %v", within)
	}
	lines := a.lines()
	defer lines.close()
	began := time.Now()
	lines.text(func() string {
		return fmt.Sprintf("checking for up to %.0f s more: %s", max(0, within-time.Since(began)).Seconds(), a.openText(servent.Facts{Status: own.Status()}))
	})
	for tick := time.NewTicker(checkEvery); ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return st, ctx.Err()
		}
		st = own.Status()
		facts.Status = st
		if past := time.Since(began); past >= within || enough(*facts, past) {
			return st, nil
		}
	}
}

// How long a servent of some seconds is given.
const (
	checkEvery = 100 * time.Millisecond
	// noRouteAfter is when there is no network to come.
	noRouteAfter = time.Second
	// aloneAfter is when nobody on a local network has answered.
	aloneAfter = 10 * time.Second
	// extrasAfter is when those are told that have told nothing of routers and clocks.
	extrasAfter = 15 * time.Second
)

// enough says whether waiting longer would hardly tell more.
func enough(f servent.Facts, past time.Duration) bool {
	open := map[string]bool{}
	fault := map[string]bool{}
	for _, one := range servent.Diagnose(f) {
		open[one.Check] = one.Verdict == servent.VerdictUnknown
		fault[one.Fault] = true
	}
	switch {
	case fault[servent.FaultNoRoute]:
		return past >= noRouteAfter
	case fault[servent.FaultNoPeers] && f.Status.Network == string(servent.LAN):
		return past >= aloneAfter && !open["forwarding"]
	case fault[servent.FaultNoPeers] || open["peers"] || open["connections"] || open["datagrams"] || open["forwarding"]:
		return false
	}
	return (!open["router"] || fault[servent.FaultUDPBlocked]) && !open["clock"] || past >= extrasAfter
}

// openText lists what is not known yet.
func (a *app) openText(f servent.Facts) string {
	text := ""
	for _, one := range servent.Diagnose(f) {
		if one.Verdict == servent.VerdictUnknown {
			text += ", " + one.Check
		}
	}
	if text == "" {
		return "nearly done"
	}
	return text[2:] + " not known yet"
}
