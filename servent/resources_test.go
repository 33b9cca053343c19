package servent

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOnBattery(t *testing.T) {
	supply := func(dir, name string, files ...string) {
		t.Helper()
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(at, 0o700); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(files); i += 2 {
			if err := os.WriteFile(filepath.Join(at, files[i]), []byte(files[i+1]+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tt := range map[string]struct {
		make func(dir string)
		want bool
	}{
		"no supply":   {func(string) {}, false},
		"discharging": {func(d string) { supply(d, "BAT0", "type", "Battery", "status", "Discharging") }, true},
		"charging":    {func(d string) { supply(d, "BAT0", "type", "Battery", "status", "Charging") }, false},
		"a mouse's":   {func(d string) { supply(d, "m", "type", "Battery", "scope", "Device", "status", "Discharging") }, false},
		"mains is on": {func(d string) {
			supply(d, "BAT0", "type", "Battery", "status", "Discharging")
			supply(d, "AC", "type", "Mains", "online", "1")
		}, false},
		"mains is off": {func(d string) {
			supply(d, "AC", "type", "Mains", "online", "0")
			supply(d, "BAT0", "type", "Battery", "status", "Discharging")
		}, true},
	} {
		dir := t.TempDir()
		tt.make(dir)
		if got := onBattery(dir); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestMemAvailable(t *testing.T) {
	for text, want := range map[string]uint64{
		"MemTotal: 9 kB\nMemAvailable:   2048 kB\n": 2 << 20,
		"MemAvailable: 12x kB\n":                    0,
		"MemAvailable:\n":                           0,
		"":                                          0,
	} {
		if got, ok := memAvailable(text); got != want || ok != (want > 0) {
			t.Errorf("%q: %d, %t", text, got, ok)
		}
	}
}
