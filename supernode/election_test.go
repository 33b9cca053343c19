package supernode

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func enough() Capacity {
	return Capacity{
		Uptime: Become.Uptime, TCP: Passed, UDP: Untested, Upload: Become.Upload,
		Machine: true, Memory: Become.Memory, Disk: Become.Disk, Descriptors: Become.Descriptors,
	}
}

// TestAssess: each factor at the limit, and one below it.
func TestAssess(t *testing.T) {
	if a := enough().Assess(Become); !a.OK || a.Score != 100 || len(a.Missing()) != 0 || len(a.Factors) != 8 {
		t.Errorf("at the limits: %+v", a)
	}
	for name, change := range map[string]func(*Capacity){
		"uptime":           func(c *Capacity) { c.Uptime-- },
		"reachable by TCP": func(c *Capacity) { c.TCP = Untested },
		"reachable by UDP": func(c *Capacity) { c.UDP = Failed },
		"upload":           func(c *Capacity) { c.Upload-- },
		"memory free":      func(c *Capacity) { c.Memory-- },
		"disk free":        func(c *Capacity) { c.Disk-- },
		"descriptors free": func(c *Capacity) { c.Descriptors-- },
		"power":            func(c *Capacity) { c.OnBattery = true },
	} {
		c := enough()
		change(&c)
		a := c.Assess(Become)
		if a.OK || a.Score > 99 || !slices.Equal(a.Missing(), []string{name}) {
			t.Errorf("%s: %+v", name, a)
		}
		if stay := c.Assess(Stay); stay.OK == slices.Contains([]string{"reachable by UDP", "power"}, name) {
			t.Errorf("%s: stays %t", name, stay.OK)
		}
	}
	none := Capacity{}.Assess(Become)
	for _, f := range none.Factors {
		if strings.Contains(f.Name, "free") && f.Value != "not known yet" {
			t.Errorf("%+v", f)
		}
	}
	if !(Capacity{}).Assess(Stay).OK {
		t.Error("who has measured nothing yet must go")
	}
}

func TestHysteresis(t *testing.T) {
	if Stay.Upload >= Become.Upload || Stay.Memory >= Become.Memory || Stay.Disk >= Become.Disk || Stay.Descriptors >= Become.Descriptors || Stay.Uptime >= Become.Uptime {
		t.Error("it takes no less to stay than to become one")
	}
	p := DefaultPolicy
	if !(p.Lower < p.Target && p.Target < p.Upper && p.Upper < p.Full) {
		t.Errorf("%+v", p)
	}
}

// odds is how often of a thousand looks a supernode makes a move.
func odds(d Duty, m Move) (count int) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		if DefaultPolicy.Decide(d, r) == m {
			count++
		}
	}
	return count
}

func near(taken int, count int) (all []Places) {
	for range count {
		all = append(all, Places{taken, 300})
	}
	return all
}

func TestDecide(t *testing.T) {
	long := 2 * DefaultPolicy.MinServe
	for _, tt := range []struct {
		name           string
		d              Duty
		recruits, goes bool
	}{
		{"all is well", Duty{InRole: long, Fit: true, Own: Places{195, 300}, Near: near(195, 8)}, false, false},
		{"at the upper bound", Duty{InRole: long, Fit: true, Own: Places{240, 300}, Near: near(240, 8)}, false, false},
		{"past it", Duty{InRole: long, Fit: true, Own: Places{242, 300}, Near: near(242, 8)}, true, false},
		{"full, and nobody near", Duty{InRole: 0, Fit: true, Own: Places{300, 300}}, true, false},
		{"full, but others have room", Duty{InRole: long, Fit: true, Own: Places{300, 300}, Near: near(180, 8)}, false, false},
		{"at the lower bound", Duty{InRole: long, Fit: true, Own: Places{175, 300}, Near: near(175, 8)}, false, false},
		{"under it", Duty{InRole: long, Fit: true, Own: Places{100, 300}, Near: near(100, 8)}, false, true},
		{"under it, but new", Duty{InRole: DefaultPolicy.MinServe - 1, Fit: true, Own: Places{100, 300}, Near: near(100, 8)}, false, false},
		{"nobody to hand over to", Duty{InRole: long, Fit: true, Own: Places{10, 300}}, false, false},
		{"no room for the leaves", Duty{InRole: long, Fit: true, Own: Places{160, 300}, Near: near(200, 2)}, false, false},
		{"not fit", Duty{InRole: 0, Own: Places{200, 300}, Near: near(200, 8)}, false, true},
		{"not fit, but nobody else", Duty{InRole: long, Own: Places{200, 300}}, false, false},
		{"was alone", Duty{InRole: 0, Fit: true, Alone: true, Own: Places{2, 300}, Near: near(2, 1)}, false, true},
	} {
		recruits, goes := odds(tt.d, Recruit), odds(tt.d, StepDown)
		if (recruits > 0) != tt.recruits || (goes > 0) != tt.goes || goes == 1000 {
			t.Errorf("%s: recruits %d, steps down %d times of 1000", tt.name, recruits, goes)
		}
	}
	for count, want := range map[int]int{1: 500, 2: 333, 3: 150, 8: 150} {
		if got := odds(Duty{Fit: true, Alone: true, Own: Places{2, 300}, Near: near(2, count)}, StepDown); got < want*8/10 || got > want*12/10 {
			t.Errorf("of %d that were alone %d of 1000 step down, want about %d", count+1, got, want)
		}
	}
	crowded := Duty{InRole: long, Fit: true, Own: Places{250, 300}, Near: near(250, 8)}
	full := Duty{InRole: long, Fit: true, Own: Places{299, 300}, Near: near(299, 8)}
	if odds(crowded, Recruit) >= odds(full, Recruit) {
		t.Error("what is urgent is not hastened")
	}
}

// TestLiesAboutPlaces: one neighbour counts as one, whatever numbers it tells.
func TestLiesAboutPlaces(t *testing.T) {
	d := Duty{InRole: time.Hour, Fit: true, Own: Places{200, 300}, Near: append(near(200, 8), Places{0, 65535})}
	if load := d.Load(); load < 0.5 {
		t.Errorf("load %.2f", load)
	}
	d = Duty{InRole: time.Hour, Fit: true, Own: Places{299, 300}, Near: []Places{{0, 65535}}}
	if d.mayGo() {
		t.Error("its leaves would not have room with a supernode like this one")
	}
}

// TestFactorsInWords: what is told of a factor, and what helps only where it is
// missing.
func TestFactorsInWords(t *testing.T) {
	low := Capacity{
		Uptime: 95 * time.Second, TCP: Failed, UDP: Failed, Upload: 1 << 10,
		Machine: true, Memory: 1 << 20, Disk: 1 << 20, Descriptors: 3, OnBattery: true,
	}
	want := map[string]Factor{
		"uptime":           {Value: "1 min", Wanted: "at least 10 min", Advice: "it grows by itself"},
		"reachable by TCP": {Value: "no", Wanted: "yes", Advice: "let its port through the firewall, and have the router forward it"},
		"reachable by UDP": {Value: "no", Wanted: "yes, or not known", Advice: "let its port through the firewall, and have the router forward it"},
		"upload":           {Value: "1024 B/s", Wanted: "at least 32 KiB/s", Advice: "a faster connection, or less other traffic on it"},
		"memory free":      {Value: "1024 KiB", Wanted: "at least 256 MiB", Advice: "end other programs"},
		"disk free":        {Value: "1024 KiB", Wanted: "at least 256 MiB", Advice: "make room on the disk of the data dir"},
		"descriptors free": {Value: "3", Wanted: "at least 512", Advice: "raise the limit of open files (ulimit -n)"},
		"power":            {Value: "battery", Wanted: "not the battery", Advice: "plug it in"},
	}
	for _, f := range low.Assess(Become).Factors {
		w := want[f.Name]
		if w.Name = f.Name; f != w {
			t.Errorf("got %+v\nwant %+v", f, w)
		}
	}
	for _, f := range enough().Assess(Become).Factors {
		if !f.OK || f.Advice != "" {
			t.Errorf("%+v", f)
		}
	}
	for _, f := range (Capacity{}).Assess(Become).Factors {
		if f.OK != (f.Advice == "") {
			t.Errorf("%+v", f)
		}
	}
	if f := enough().Assess(Stay).Factors[3]; f.Name != "upload" || f.Wanted != "at least 16 KiB/s, or not known" {
		t.Errorf("%+v", f)
	}
}

// TestOfferWithoutUpload: a leaf may offer itself before its upload is known.
func TestOfferWithoutUpload(t *testing.T) {
	c := enough()
	c.Upload = 0
	if c.Assess(Become).OK || !c.Assess(Offer()).OK {
		t.Errorf("offers: %+v", c.Assess(Offer()))
	}
	if c.Uptime--; c.Assess(Offer()).OK {
		t.Error("one that was just begun offers itself")
	}
}

func TestTimeText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 59 * time.Second: "59 s", time.Minute: "1 min", time.Hour: "1 h", 48 * time.Hour: "2 days",
	} {
		if got := timeText(int64(d)); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
