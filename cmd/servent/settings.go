package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// settle gives every flag of cmd that the command line leaves out its value of
// the environment, or else of the config file.
func (a *app) settle(cmd *cobra.Command) error {
	flags := cmd.Flags()
	flags.Visit(func(f *pflag.Flag) { a.given[f.Name] = true })
	if err := a.fromEnv(flags.Lookup("config")); err != nil {
		return err
	}
	file, err := a.readConfig(cmd.Root())
	if err != nil {
		return err
	}
	a.file = file
	a.warnUnknownEnv(cmd.Root())
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		switch _, ok := a.lookEnv(envName(f.Name)); {
		case a.given[f.Name] || f.Name == "config" || f.Name == "help":
		case unconfigured(cmd) && cmd.InheritedFlags().Lookup(f.Name) == nil:
		case ok:
			errs = append(errs, a.fromEnv(f))
		case file[f.Name] != nil:
			errs = append(errs, a.setFrom(f, a.configFile+": "+f.Name, file[f.Name]...))
		}
	})
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return a.useGlobals()
}

// useGlobals checks the global flags and fills in what they leave open.
func (a *app) useGlobals() error {
	if a.dataDir == "" {
		a.dataDir = defaultDataDir(a.lookEnv)
	}
	level, err := logrus.ParseLevel(a.logLevel)
	if err != nil || level < logrus.ErrorLevel || level > logrus.DebugLevel {
		return fmt.Errorf("log level %q: use error, warn, info or debug", a.logLevel)
	}
	a.log.SetLevel(level)
	if level <= logrus.WarnLevel {
		a.log.SetFormatter(noteFormat{})
	}
	return nil
}

// wantDataDir is for commands that need a data dir.
func (a *app) wantDataDir() error {
	if a.dataDir == "" {
		return usagef("no home folder is known: name a data dir with --data-dir")
	}
	return nil
}

const envPrefix = "SERVENT_"

// envName is the variable that stands for a flag.
func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func (a *app) fromEnv(f *pflag.Flag) error {
	value, ok := a.lookEnv(envName(f.Name))
	if !ok || a.given[f.Name] {
		return nil
	}
	return a.setFrom(f, "environment variable "+envName(f.Name), value)
}

// setFrom sets a flag to values that stand at where.
func (a *app) setFrom(f *pflag.Flag, where string, values ...string) error {
	for _, v := range values {
		if slices.Contains(pathFlags(), f.Name) {
			v = a.fromHome(v)
		}
		if err := f.Value.Set(v); err != nil {
			return fmt.Errorf("%s: %q: %w", where, v, wrongValue(f, err))
		}
	}
	return nil
}

// pathFlags are the flags that name files and folders.
func pathFlags() []string { return []string{"config", "data-dir", "output", "dir", "block-list"} }

// fromHome does what a shell does with ~ at the start of a path.
func (a *app) fromHome(path string) string {
	rest, ok := strings.CutPrefix(path, "~")
	home, _ := a.lookEnv("HOME")
	if home == "" {
		home, _ = a.lookEnv("USERPROFILE") // Windows
	}
	if !ok || home == "" || rest != "" && !os.IsPathSeparator(rest[0]) {
		return path
	}
	return home + rest
}

// readConfig reads the config file: flag names with their values.
func (a *app) readConfig(root *cobra.Command) (map[string][]string, error) {
	named := a.configFile != ""
	if !named {
		a.configFile = defaultConfig(a.lookEnv)
	}
	if a.configFile == "" {
		return nil, nil
	}
	text, err := os.ReadFile(a.configFile)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("config file: %w", err)
	}
	var keys map[string]any
	if _, err := toml.Decode(string(text), &keys); err != nil {
		return nil, fmt.Errorf("config file %s: %w", a.configFile, err)
	}
	known := flagNames(root)
	settings := map[string][]string{}
	for key, value := range keys {
		if !known[key] {
			return nil, fmt.Errorf("config file %s: unknown key %q: %s", a.configFile, key, keyHint(key, known))
		}
		if settings[key], err = texts(value); err != nil {
			return nil, fmt.Errorf("config file %s: %s: %w", a.configFile, key, err)
		}
	}
	return settings, nil
}

// keyHint says what a key may have been meant to be.
func keyHint(key string, known map[string]bool) string {
	if name := nearest(key, slices.Sorted(maps.Keys(known))); name != "" {
		return "did you mean " + name + "?"
	}
	return "`servent config --example` lists all keys"
}

// flagNames are the flags of all commands: one file serves them all.
func flagNames(root *cobra.Command) map[string]bool {
	names := map[string]bool{}
	add := func(f *pflag.Flag) { names[f.Name] = true }
	root.PersistentFlags().VisitAll(add)
	for _, c := range root.Commands() {
		if !unconfigured(c) {
			c.LocalFlags().VisitAll(add)
		}
	}
	delete(names, "config")
	delete(names, "help")
	return names
}

// warnUnknownEnv tells of variables that look like settings and are none.
func (a *app) warnUnknownEnv(root *cobra.Command) {
	known := map[string]bool{envName("config"): true, envPrefix + "FOLDERS": true} // that of packaging/servent.service
	for name := range flagNames(root) {
		known[envName(name)] = true
	}
	for _, name := range hookVariables() { // of a servent that runs this one
		known[name] = true
	}
	for _, line := range a.environ() {
		name, _, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(name, envPrefix) || known[name] {
			continue
		}
		hint := "`servent config` lists all settings"
		if near := nearest(name, slices.Sorted(maps.Keys(known))); near != "" {
			hint = "did you mean " + near + "?"
		}
		a.note("environment variable %s is no setting: %s", name, hint)
	}
}

// texts writes a TOML value as it would stand on the command line.
func texts(value any) ([]string, error) {
	switch v := value.(type) {
	case string:
		return []string{v}, nil
	case bool, int64, float64:
		return []string{fmt.Sprint(v)}, nil
	case []any:
		var all []string
		for _, item := range v {
			s, ok := item.(string)
			if !ok {
				return nil, errors.New("want a list of strings")
			}
			all = append(all, s)
		}
		return all, nil
	}
	return nil, errors.New("want a string, a number, true or false, or a list of strings")
}
