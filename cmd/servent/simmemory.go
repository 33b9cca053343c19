package main

import (
	"bufio"
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// memoryFor returns how many bytes a run may take: most, where the user says so, or
// else what is free; 0: nobody knows. A run that needs more is refused, before it
// has run for an hour, with an advice what to do. The garbage collector keeps to it, too.
func memoryFor(need, most int64, advice string) (int64, error) {
	given := "--memory allows " + byteText(uint64(most))
	if most == 0 {
		most = freeMemory()
		given = byteText(uint64(most)) + " is free"
	}
	if most == 0 {
		return 0, nil
	}
	if need > most {
		return 0, usagef("this run needs about %s of memory, and %s: %s, or allow more with --memory", byteText(uint64(need)), given, advice)
	}
	debug.SetMemoryLimit(most - most/10)
	return most, nil
}

// freeMemory is what programs can still get; 0 where that is not known.
func freeMemory() int64 {
	free := procMemory()
	limit, used := cgroupNumber("memory.max"), cgroupNumber("memory.current")
	if limit > 0 && (free == 0 || limit-used < free) {
		free = max(limit-used, 1)
	}
	return free
}

// procMemory reads what Linux says it can give.
func procMemory() int64 {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), "MemAvailable:")
		if !ok {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
		if err != nil {
			return 0
		}
		return kib << 10
	}
	return 0
}

// cgroupNumber reads a number of the control group that a container runs in; 0
// where there is none, or no limit.
func cgroupNumber(file string) int64 {
	b, err := os.ReadFile("/sys/fs/cgroup/" + file)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
