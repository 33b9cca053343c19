package servent_test

import (
	"strings"
	"testing"
)

// TestRulesCanBreak shows each rule a file that breaks it and one that does not.
func TestRulesCanBreak(t *testing.T) {
	const ours = `"` + module + "/"
	tests := []struct {
		name, path, body string
		want             string // part of the one report; empty: nothing to report
	}{
		{"allowed import", "search/query.go", `import _ ` + ours + `protocol"`, ""},
		{"std is free", "protocol/header.go", `import _ "encoding/binary"`, ""},
		{
			"import against the table", "servent/overlay/node.go", `import _ ` + ours + `servent/library"`,
			"servent/overlay/node.go:2: imports " + module + "/servent/library: of ours, servent/overlay may import only [protocol search supernode nat]",
		},
		{"table holds for tests", "protocol/x_test.go", `import _ ` + ours + `servent"`, "protocol may import only"},
		{"test of its own package", "protocol/x_test.go", `import _ ` + ours + `protocol"`, ""},
		{"test helper in a test", "search/x_test.go", `import _ ` + ours + `search/indextest"`, ""},
		{"test helper in the program", "search/x.go", `import _ ` + ours + `search/indextest"`, "search may import only"},
		{"package without a row", "servent/extra/x.go", "", "servent/extra has no row"},
		{"code in the root", "main.go", "", "main.go: the root holds tests only"},
		{"bleve in its place", "search/bleveindex/index.go", `import _ "github.com/blevesearch/bleve/v2"`, ""},
		{"bleve elsewhere", "servent/host.go", `import _ "github.com/blevesearch/bleve/v2/mapping"`, "only search/bleveindex may import"},
		{"a module that begins like bleve", "servent/host.go", `import _ "github.com/blevesearch/bleve_index_api"`, ""},
		{"stun elsewhere", "servent/reach/x.go", `import _ "github.com/pion/stun/v2"`, "only nat/stun may import"},
		{"go at the edge", "servent/host.go", `func f() { go f() }`, ""},
		{"go in the core", "servent/overlay/node.go", `func f() { go f() }`, "servent/overlay/node.go:2: go statement"},
		{"wait group in the core", "search/x.go", "import \"sync\"\nfunc f(wg *sync.WaitGroup) { wg.Go(nil) }", "search/x.go:3: Go: package search"},
		{"timer in the core", "supernode/x.go", "import \"time\"\nvar _ = time.AfterFunc", "supernode/x.go:3: AfterFunc"},
		{"go in a test", "search/x_test.go", `func f() { go f() }`, ""},
		{"go in a test helper", "search/indextest/x.go", `func f() { go f() }`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := parseGo(tt.path, "package x\n"+tt.body)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(append(checkImports(f), checkGoroutines(f)...), "\n")
			if tt.want == "" && got != "" {
				t.Errorf("report of a good file: %s", got)
			}
			if !strings.Contains(got, tt.want) || strings.Contains(got, "\n") {
				t.Errorf("reports:\n%s\nwant one with %q", got, tt.want)
			}
		})
	}
}

func TestFirstLevelCanBreak(t *testing.T) {
	got := checkFirstLevel([]string{".git", "cmd", "docs", "internal", "bench"})
	if len(got) != 1 || !strings.HasPrefix(got[0], "internal/: the first level holds only [cmd ") {
		t.Errorf("reports %q, want one about internal/", got)
	}
}

// TestRulesAgree catches a row that names a package without a row.
func TestRulesAgree(t *testing.T) {
	table := importTable()
	for pkg, allowed := range table {
		for _, imported := range allowed {
			if _, ok := table[imported]; !ok {
				t.Errorf("%s may import %s, which has no row", pkg, imported)
			}
		}
	}
	for _, pkg := range goroutinePackages() {
		if _, ok := table[pkg]; !ok {
			t.Errorf("%s may start goroutines and has no row", pkg)
		}
	}
}
