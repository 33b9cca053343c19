package supernode

import (
	"fmt"
	"time"
)

// Tested is what a test has told; its zero value says that none has ended yet.
type Tested uint8

const (
	Untested Tested = iota
	Passed
	Failed
)

// String returns "not known yet", "yes" or "no".
func (t Tested) String() string { return [...]string{"not known yet", "yes", "no"}[min(t, Failed)] }

// Capacity is what a servent has to offer as a supernode, as measured.
type Capacity struct {
	Uptime   time.Duration
	TCP, UDP Tested // whether strangers' connections, and datagrams, come through
	Upload   int    // bytes a second, as another supernode has seen it; 0: none has

	// Of the machine. It is not known before Machine is set.
	Machine     bool
	Memory      uint64 // bytes free
	Disk        uint64 // bytes free where the servent keeps its data
	Descriptors int    // that it may still open
	OnBattery   bool
}

// Demand is what is asked of a supernode, in the order of Capacity's fields.
type Demand struct {
	Uptime      time.Duration
	TCP, UDP    bool // must have passed; else only: must not have failed
	Upload      int
	Memory      uint64
	Disk        uint64
	Descriptors int
	// Unmeasured says that what is not measured yet will do.
	Unmeasured bool
}

// Become is asked of who becomes a supernode. Stay is asked of who is one: less, so
// that nobody changes its role to and fro because something changes a little.
var (
	Become = Demand{
		Uptime: 10 * time.Minute, TCP: true, Upload: 32 << 10,
		Memory: 256 << 20, Disk: 256 << 20, Descriptors: 512,
	}
	Stay = Demand{
		Upload: 16 << 10, Memory: 64 << 20, Disk: 64 << 20, Descriptors: 64, Unmeasured: true,
	}
)

// Offer is asked of a leaf that offers itself: what Become asks but for the upload
// rate, which is measured by who takes the offer.
func Offer() Demand {
	d := Become
	d.Upload = 0
	return d
}

// Factor is one part of an assessment, in words.
type Factor struct {
	Name, Value, Wanted string
	OK                  bool
	Advice              string // what helps where it is not OK
}

// Assessment says whether a capacity is enough.
type Assessment struct {
	OK      bool
	Score   int // 0 to 100: how much of what is wanted there is; 100 exactly where OK
	Factors []Factor
}

// Missing lists the names of what is not enough.
func (a Assessment) Missing() []string {
	var names []string
	for _, f := range a.Factors {
		if !f.OK {
			names = append(names, f.Name)
		}
	}
	return names
}

// Assess holds what c has against what d asks.
func (c Capacity) Assess(d Demand) Assessment {
	a := assessor{d: d}
	a.amount(amount{
		name: "uptime", have: int64(c.Uptime), want: int64(d.Uptime), known: true, text: timeText,
		more: "it grows by itself",
	})
	a.test("reachable by TCP", c.TCP, d.TCP)
	a.test("reachable by UDP", c.UDP, d.UDP)
	a.amount(amount{
		name: "upload", have: int64(c.Upload), want: int64(d.Upload), known: c.Upload > 0,
		text: func(n int64) string { return bytesText(n) + "/s" },
		wait: "a supernode measures it before it asks this servent to serve; it is needed only for that",
		more: "a faster connection, or less other traffic on it",
	})
	free := func(name string, have, want int64, text func(int64) string, more string) {
		a.amount(amount{name: name, have: have, want: want, known: c.Machine, text: text, wait: "it is measured soon", more: more})
	}
	free("memory free", int64(min(c.Memory, 1<<62)), int64(d.Memory), bytesText, "end other programs")
	free("disk free", int64(min(c.Disk, 1<<62)), int64(d.Disk), bytesText, "make room on the disk of the data dir")
	free("descriptors free", int64(c.Descriptors), int64(d.Descriptors), plainText, "raise the limit of open files (ulimit -n)")
	a.power(c.OnBattery)
	return a.result()
}

// assessor collects factors.
type assessor struct {
	d     Demand
	sum   float64
	found []Factor
}

func (a *assessor) add(f Factor, share float64) {
	if f.OK {
		f.Advice = ""
	}
	a.found, a.sum = append(a.found, f), a.sum+share
}

// amount is a factor of which there should be at least so much.
type amount struct {
	name       string
	have, want int64
	known      bool
	text       func(int64) string
	wait, more string // advice while it is not known, and where there is too little
}

func (a *assessor) amount(q amount) {
	f := Factor{Name: q.name, Value: q.text(q.have), Wanted: "at least " + q.text(q.want), OK: q.have >= q.want, Advice: q.more}
	share := 1.0
	switch {
	case !q.known:
		f.Value, f.OK, f.Advice = Untested.String(), a.d.Unmeasured || q.want == 0, q.wait
		share = boolShare(f.OK)
	case !f.OK:
		share = float64(q.have) / float64(q.want)
	}
	switch {
	case q.want == 0:
		f.Wanted = "any"
	case a.d.Unmeasured:
		f.Wanted += ", or not known"
	}
	a.add(f, share)
}

// test is a factor that has been tested, or not.
func (a *assessor) test(name string, t Tested, must bool) {
	f := Factor{Name: name, Value: t.String(), Wanted: "yes", OK: t == Passed, Advice: "the servents that it links with find out"}
	if t == Failed {
		f.Advice = "let its port through the firewall, and have the router forward it"
	}
	if !must {
		f.Wanted, f.OK = "yes, or not known", t != Failed
	}
	a.add(f, boolShare(f.OK))
}

func (a *assessor) power(battery bool) {
	f := Factor{Name: "power", Value: "mains, or not known", Wanted: "not the battery", OK: !battery, Advice: "plug it in"}
	if battery {
		f.Value = "battery"
	}
	a.add(f, boolShare(f.OK))
}

func (a *assessor) result() Assessment {
	all := Assessment{OK: true, Factors: a.found, Score: int(100 * a.sum / float64(len(a.found)))}
	for _, f := range a.found {
		all.OK = all.OK && f.OK
	}
	if !all.OK {
		all.Score = min(all.Score, 99)
	}
	return all
}

func boolShare(ok bool) float64 {
	if ok {
		return 1
	}
	return 0
}

// bytesText writes a number of bytes in the largest unit of which there are ten.
func bytesText(n int64) string {
	units := [...]string{"B", "KiB", "MiB", "GiB"}
	i := 0
	for ; n >= 10<<10 && i < len(units)-1; i++ {
		n >>= 10
	}
	return fmt.Sprintf("%d %s", n, units[i])
}

// timeText writes a time in its largest unit.
func timeText(n int64) string {
	switch d := time.Duration(n); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	default:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
}

func plainText(n int64) string { return fmt.Sprint(n) }
