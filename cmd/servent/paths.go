package main

import (
	"path/filepath"
	"runtime"
)

// defaultConfig is the config file of the XDG config folder, or what a system
// without one has; empty where no home folder is known.
func defaultConfig(lookEnv func(string) (string, bool)) string {
	return below(userFolder(lookEnv, "XDG_CONFIG_HOME", ".config", "APPDATA"), "servent", "config.toml")
}

// defaultDataDir is the servent folder of the XDG data folder.
func defaultDataDir(lookEnv func(string) (string, bool)) string {
	return below(userFolder(lookEnv, "XDG_DATA_HOME", filepath.Join(".local", "share"), "LOCALAPPDATA"), "servent")
}

func below(dir string, names ...string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(append([]string{dir}, names...)...)
}

// userFolder finds a folder of the user's: what the XDG variable names, what
// the system has for it, or a folder of the home folder.
func userFolder(lookEnv func(string) (string, bool), xdg, inHome, windows string) string {
	if dir, _ := lookEnv(xdg); filepath.IsAbs(dir) {
		return dir
	}
	if runtime.GOOS == "windows" {
		dir, _ := lookEnv(windows)
		return dir
	}
	home, _ := lookEnv("HOME")
	if home == "" {
		return ""
	}
	if runtime.GOOS == "darwin" {
		inHome = filepath.Join("Library", "Application Support")
	}
	return filepath.Join(home, inHome)
}
