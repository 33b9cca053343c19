package servent

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// resourcesEvery is how often the node is told what the machine has to spare.
const resourcesEvery = time.Minute

// tellResources tells the node so, at once and then now and then.
func (s *Servent) tellResources(ctx context.Context) {
	tick := time.NewTicker(resourcesEvery)
	defer tick.Stop()
	for {
		r := s.resources()
		s.call(func(l *loop) { l.step(r) })
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// resources measures. What this system does not tell is taken for enough.
func (s *Servent) resources() overlay.Resources {
	dir := s.cfg.DataDir
	if dir == "" {
		dir = os.TempDir()
	}
	return overlay.Resources{
		Memory: memoryFree(), Disk: diskFree(dir), Descriptors: descriptorsFree(), OnBattery: onBattery(powerDir),
	}
}

// powerDir is where Linux tells of power supplies.
const powerDir = "/sys/class/power_supply"

// onBattery says whether the machine runs on its battery: there is one that is
// being discharged, and no mains supply is on.
func onBattery(dir string) bool {
	supplies, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return false
	}
	read := func(supply, name string) string {
		b, _ := os.ReadFile(filepath.Join(supply, name))
		return strings.TrimSpace(string(b))
	}
	discharging := false
	for _, supply := range supplies {
		switch read(supply, "type") {
		case "Mains", "USB":
			if read(supply, "online") == "1" {
				return false
			}
		case "Battery": // that of a mouse is a Device's
			if read(supply, "scope") != "Device" && read(supply, "status") == "Discharging" {
				discharging = true
			}
		}
	}
	return discharging
}

// memAvailable reads what /proc/meminfo says; false where it does not.
func memAvailable(meminfo string) (uint64, bool) {
	for line := range strings.Lines(meminfo) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "MemAvailable:" {
			continue
		}
		var kib uint64
		for _, c := range fields[1] {
			if c < '0' || c > '9' || kib > 1<<50 {
				return 0, false
			}
			kib = 10*kib + uint64(c-'0')
		}
		return kib << 10, true
	}
	return 0, false
}

// memoryFree is what programs can still have.
func memoryFree() uint64 {
	text, err := os.ReadFile("/proc/meminfo")
	if free, ok := memAvailable(string(text)); ok && err == nil {
		return free
	}
	return unknownAmount
}

// unknownAmount stands for what this system does not tell.
const unknownAmount = 1 << 40
