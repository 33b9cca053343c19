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

// Factor is one part of an assessment, in words.
type Factor struct {
	Name, Value, Wanted string
	OK                  bool
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
	a.amount("uptime", int64(c.Uptime), int64(d.Uptime), func(n int64) string { return time.Duration(n).Truncate(time.Second).String() }, true)
	a.test("reachable by TCP", c.TCP, d.TCP)
	a.test("reachable by UDP", c.UDP, d.UDP)
	a.amount("upload", int64(c.Upload), int64(d.Upload), func(n int64) string { return bytesText(n) + "/s" }, c.Upload > 0)
	a.amount("memory free", int64(min(c.Memory, 1<<62)), int64(d.Memory), bytesText, c.Machine)
	a.amount("disk free", int64(min(c.Disk, 1<<62)), int64(d.Disk), bytesText, c.Machine)
	a.amount("descriptors free", int64(c.Descriptors), int64(d.Descriptors), func(n int64) string { return fmt.Sprint(n) }, c.Machine)
	power := Factor{"power", "mains, or not known", "mains", !c.OnBattery}
	if c.OnBattery {
		power.Value = "battery"
	}
	a.add(power, boolShare(power.OK))
	return a.result()
}

// assessor collects factors.
type assessor struct {
	d     Demand
	sum   float64
	found []Factor
}

func (a *assessor) add(f Factor, share float64) {
	a.found, a.sum = append(a.found, f), a.sum+share
}

// amount is a factor of which there should be at least so much.
func (a *assessor) amount(name string, have, want int64, text func(int64) string, known bool) {
	f := Factor{name, text(have), "at least " + text(want), have >= want}
	share := 1.0
	switch {
	case !known:
		f.Value, f.OK = Untested.String(), a.d.Unmeasured || want == 0
		share = boolShare(f.OK)
	case !f.OK:
		share = float64(have) / float64(want)
	}
	if want == 0 {
		f.Wanted = "any"
	}
	a.add(f, share)
}

// test is a factor that has been tested, or not.
func (a *assessor) test(name string, t Tested, must bool) {
	f := Factor{name, t.String(), "yes", t == Passed}
	if !must {
		f.Wanted, f.OK = "not no", t != Failed
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
