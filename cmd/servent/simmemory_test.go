package main

import (
	"testing"
	"testing/fstest"
)

func TestCgroupMemory(t *testing.T) {
	files := func(pairs ...string) fstest.MapFS {
		m := fstest.MapFS{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
		}
		return m
	}
	const stat = "anon 300\nfile 700\ninactive_file 400\nactive_file 200\nshmem 100\n"
	tests := []struct {
		name  string
		files fstest.MapFS
		left  int64
		ok    bool
	}{
		{"none", files(), 0, false},
		{"no limit", files("memory.max", "max\n", "memory.current", "1000\n", "memory.stat", stat), 0, false},
		{"without statistics", files("memory.max", "5000\n", "memory.current", "1000\n"), 4000, true},
		{"version 2", files("memory.max", "5000\n", "memory.current", "1000\n", "memory.stat", stat), 4600, true},
		{"version 1", files("memory/memory.limit_in_bytes", "5000\n", "memory/memory.usage_in_bytes", "1000\n", "memory/memory.stat", stat), 4600, true},
		{"full of the caches of files", files("memory.max", "1000\n", "memory.current", "1000\n", "memory.stat", stat), 600, true},
	}
	for _, tt := range tests {
		if left, ok := cgroupMemory(tt.files); left != tt.left || ok != tt.ok {
			t.Errorf("%s: %d, %v; want %d, %v", tt.name, left, ok, tt.left, tt.ok)
		}
	}
}

func TestProcMemory(t *testing.T) {
	dir := fstest.MapFS{"meminfo": &fstest.MapFile{Data: []byte("MemTotal:       24000000 kB\nMemAvailable:   20000000 kB\nHugePages_Total: 0\n")}}
	if got := numbers(dir, "meminfo")["MemAvailable:"]; got != 20_000_000 {
		t.Errorf("%d kB are free, want 20000000", got)
	}
}
