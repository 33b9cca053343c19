package main

import (
	"io/fs"
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
	if left, ok := cgroupMemory(os.DirFS("/sys/fs/cgroup")); ok && (free == 0 || left < free) {
		free = max(left, 1)
	}
	return free
}

// procMemory reads what Linux says it can give.
func procMemory() int64 {
	kib := numbers(os.DirFS("/proc"), "meminfo")["MemAvailable:"]
	return kib << 10
}

// cgroupMemory is what the control group that a container runs in may still take
// (version 2, or else 1); ok is false where there is none, or no limit. What the kernel
// keeps of files counts as free: it is dropped when memory is wanted.
func cgroupMemory(dir fs.FS) (left int64, ok bool) {
	for _, files := range [][3]string{
		{"memory.max", "memory.current", "memory.stat"},
		{"memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"},
	} {
		limit, used := number(dir, files[0]), number(dir, files[1])
		if limit <= 0 {
			continue
		}
		stat := numbers(dir, files[2])
		return limit - used + stat["inactive_file"] + stat["active_file"], true
	}
	return 0, false
}

// number reads a file that holds a number; 0 where there is none.
func number(dir fs.FS, name string) int64 {
	b, err := fs.ReadFile(dir, name)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64) // "max"
	return n
}

// numbers reads a file whose lines have a name and a number each.
func numbers(dir fs.FS, name string) map[string]int64 {
	b, _ := fs.ReadFile(dir, name) // where there is none, there are no numbers
	out := map[string]int64{}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 {
			out[f[0]], _ = strconv.ParseInt(f[1], 10, 64)
		}
	}
	return out
}
