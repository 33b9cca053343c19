package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// setting is a flag with the value that is in force and where that came from.
type setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	From  string `json:"from"`            // flag, environment, file or default
	Where string `json:"where,omitempty"` // the variable or the file

	group string
	flag  *pflag.Flag
}

func (a *app) configCommand() *cobra.Command {
	var example bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Tell which settings are in force, and where each comes from",
		Long: `Tell which settings are in force, and where each comes from: a flag, a variable
of the environment, the config file, or the default. Settings that are wrong are
told, with exit code 2.`,
		Example: examples(
			"servent config",
			"servent config --json",
			"mkdir -p ~/.config/servent",
			"servent config --example > ~/.config/servent/config.toml   a file to begin with",
		),
		Args: noArgs,
	}
	cmd.RunE = func(self *cobra.Command, args []string) error {
		if example { // a config file that is wrong is no hindrance
			a.begun = true
			a.printExample(settingsOf(self.Root()))
			return nil
		}
		return a.do(func(context.Context, []string) error { return a.showConfig(self.Root()) })(self, args)
	}
	cmd.Flags().BoolVar(&example, "example", false, "print a config file with all keys and their defaults")
	return cmd
}

// unconfigured says whether a command takes no settings of its own: what is meant
// for `servent get` is not for a demonstration.
func unconfigured(c *cobra.Command) bool {
	return c.Name() == "demo" || c.Name() == "config" || c.HasParent() && c.Parent().Name() == "sim"
}

// settingsOf lists the settings of all commands in groups: global ones, those
// of a servent that runs, and of the other commands their own.
func settingsOf(root *cobra.Command) []setting {
	var all []setting
	seen := map[string]bool{"config": true, "help": true}
	add := func(group string) func(*pflag.Flag) {
		return func(f *pflag.Flag) {
			if !seen[f.Name] {
				seen[f.Name] = true
				all = append(all, setting{Key: f.Name, group: group, flag: f})
			}
		}
	}
	root.PersistentFlags().VisitAll(add("every command"))
	ofNode := (&nodeFlags{}).names()
	for _, c := range root.Commands() {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if slices.Contains(ofNode, f.Name) {
				add("a servent that runs")(f)
			}
		})
	}
	users := map[string]string{} // of a flag
	each := func(do func(c *cobra.Command, f *pflag.Flag)) {
		for _, c := range root.Commands() {
			if !unconfigured(c) {
				c.LocalFlags().VisitAll(func(f *pflag.Flag) { do(c, f) })
			}
		}
	}
	each(func(c *cobra.Command, f *pflag.Flag) {
		if users[f.Name] == "" {
			users[f.Name] = "servent " + c.Name()
		} else {
			users[f.Name] += ", " + c.Name()
		}
	})
	each(func(_ *cobra.Command, f *pflag.Flag) { add(users[f.Name])(f) })
	slices.SortStableFunc(all, func(a, b setting) int { return cmp.Compare(rank(a.group), rank(b.group)) })
	return all
}

// rank keeps the settings of each group together.
func rank(group string) string {
	switch group {
	case "every command":
		return ""
	case "a servent that runs":
		return " "
	}
	return group
}

// showConfig prints what is in force.
func (a *app) showConfig(root *cobra.Command) error {
	if !a.json {
		a.printf("config file: %s\n", shown(a.configFile))
	}
	group := ""
	for _, s := range settingsOf(root) {
		if err := a.resolve(&s); err != nil {
			return &usageError{err}
		}
		if a.json {
			a.printJSON(s)
			continue
		}
		if s.group != group {
			group = s.group
			a.printf("\n%s\n", group)
		}
		a.printf("  %-20s %-36s %s\n", s.Key, s.text(), strings.TrimSpace(s.From+" "+s.Where))
	}
	return nil
}

// resolve finds a setting's value as settle does.
func (a *app) resolve(s *setting) error {
	s.From = "default"
	name := envName(s.Key)
	env, inEnv := a.lookEnv(name)
	var err error
	switch {
	case a.given[s.Key]:
		s.From = "flag"
	case inEnv:
		s.From, s.Where = "environment", name
		err = a.setFrom(s.flag, "environment variable "+name, env)
	case a.file[s.Key] != nil:
		s.From, s.Where = "file", a.configFile
		err = a.setFrom(s.flag, a.configFile+": "+s.Key, a.file[s.Key]...)
	}
	s.Value = valueOf(s.flag)
	return err
}

// valueOf is a flag's value without the brackets of lists.
func valueOf(f *pflag.Flag) string {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return strings.Join(list.GetSlice(), ",")
	}
	return f.Value.String()
}

// text is a setting's value for people: where that says nothing, what the usage of
// the flag tells of its default.
func (s *setting) text() string {
	_, usage, told := strings.Cut(s.flag.Usage, "(default ")
	usage, _, _ = strings.Cut(strings.TrimSuffix(usage, ")"), ",")
	switch {
	case told && (s.Value == "" || s.Value == "0"):
		return usage
	case s.Value == "":
		return `""`
	}
	return s.Value
}

// printExample prints a config file in which every line is a comment.
func (a *app) printExample(all []setting) {
	a.printf("# Settings of servent. Flags and SERVENT_… variables beat what stands here.\n")
	group := ""
	for _, s := range all {
		if s.group != group {
			group = s.group
			a.printf("\n## %s\n", group)
		}
		_, usage := pflag.UnquoteUsage(s.flag)
		a.printf("\n# %s\n# %s = %s\n", usage, s.Key, tomlOf(s.flag))
	}
}

// tomlOf writes a flag's default as TOML.
func tomlOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool", "int", "uint8":
		return f.DefValue
	case "stringSlice", "stringArray":
		return "[]"
	case "bytes":
		return `"0"`
	}
	return fmt.Sprintf("%q", f.DefValue)
}

// nearest is the known name that a wrong one is most like; empty: none is near.
func nearest(wrong string, names []string) string {
	best, least := "", 1+len(wrong)/3
	for _, name := range names {
		if d := edits(wrong, name); d <= least && (best == "" || d < least) {
			best, least = name, d
		}
	}
	return best
}

// edits counts the letters to add, drop or change between two words.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
