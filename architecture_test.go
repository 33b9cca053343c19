// Package servent_test holds the walls of the house: which package may
// import which, who may start goroutines, and what the first level holds.
// docs/architecture.md says why. A rule is changed here and there together.
package servent_test

import (
	"os"
	"slices"
	"testing"
)

const module = "github.com/seed282dab8e/servent"

// importTable names, for each package, the packages of ours that it may
// import. A package without a row is an error, so that a new one is thought
// about before it is built on.
func importTable() map[string][]string {
	pure := []string{"protocol", "protocol/tiger", "search", "supernode", "nat", "servent/overlay", "servent/transfer/pick", "servent/transfer/mesh"}
	edge := append(slices.Clone(pure), "search/bleveindex", "nat/stun", "nat/portmap",
		"servent/library", "servent/reach", "servent/transfer", "servent/transfer/journal", "servent/wordindex", "servent/leaves")
	study := []string{
		"sim", "sim/exact", "sim/graph", "sim/load", "sim/model", "sim/dht", "sim/gia", "sim/swarm", "sim/report",
		"protocol", "search", "supernode", "servent/overlay",
	}
	return map[string][]string{
		"protocol/tiger":        nil,
		"protocol/tiger/gen":    nil, // writes the S-boxes of protocol/tiger
		"nat":                   nil,
		"sim/graph":             {"sim/exact"},
		"servent/transfer/mesh": {"protocol"},
		"servent/transfer/pick": nil,
		"protocol":              {"protocol/tiger"},
		"search":                {"protocol"},
		"search/bleveindex":     {"search", "protocol"},
		"search/indextest":      {"search", "protocol"},
		"supernode":             {"protocol", "search"},
		"servent/overlay":       {"protocol", "search", "supernode", "nat"},
		"servent/library":       {"protocol", "protocol/tiger", "search"},
		"servent/wordindex":     {"search", "search/bleveindex"},
		"servent/leaves":        {"protocol", "search", "supernode", "servent/wordindex"},
		"nat/stun":              {"nat"},
		"nat/portmap":           {"nat"},
		"servent/reach":         {"protocol", "nat", "nat/stun", "nat/portmap"},
		"servent/transfer":      {"protocol", "protocol/tiger", "search", "servent/library", "servent/transfer/pick", "servent/transfer/journal", "servent/reach", "servent/transfer/mesh", "nat"},
		"servent":               edge,
		"servent/control":       append(slices.Clone(edge), "servent"),
		"sim":                   {"protocol", "search", "supernode", "nat", "sim/exact", "sim/graph", "sim/load", "sim/natbox", "servent/overlay", "servent/transfer/pick"},
		"sim/exact":             nil,
		"sim/natbox":            {"nat"},
		"sim/load":              {"sim/exact"},
		"sim/dht":               {"sim/exact"},
		"sim/gia":               {"sim/exact", "sim/graph", "sim/load"},
		"sim/swarm":             {"servent/transfer/pick"},
		"sim/report":            {"sim/exact"},
		"sim/model":             {"supernode", "sim/exact", "sim/graph", "sim/load", "sim/dht", "sim/gia"},
		"sim/study":             study,
		"cmd/servent":           {"servent", "servent/control", "sim", "sim/graph", "sim/report", "sim/study", "protocol", "search"},

		"servent/transfer/journal":          {"protocol", "protocol/tiger"},
		"servent/transfer/journal/disktest": nil, // a disk whose power tests cut
	}
}

// testImports names what tests may import beyond their package's row.
func testImports() map[string][]string {
	return map[string][]string{
		"search":            {"search/indextest"},
		"search/bleveindex": {"search/indextest"},
		"servent/wordindex": {"search/indextest"},
		"servent/overlay":   {"sim"},
		"nat/stun":          {"sim/natbox"},

		"servent/transfer":         {"servent/transfer/journal/disktest"},
		"servent/transfer/journal": {"servent/transfer/journal/disktest"},
	}
}

// onlyImporter names, for a module of somebody else, the one package that
// may import it, so that it can be replaced in one place.
func onlyImporter() map[string]string {
	return map[string]string{
		"github.com/blevesearch/bleve": "search/bleveindex",
		"github.com/huin/goupnp":       "nat/portmap",
		"github.com/pion/stun":         "nat/stun",
		"gonum.org/v1/plot":            "sim/report",
	}
}

// goroutinePackages may start goroutines; every other package decides only.
func goroutinePackages() []string {
	return []string{
		"servent", "servent/library", "servent/leaves", "servent/transfer", "servent/reach", "servent/control",
		"nat/stun", "nat/portmap", "sim", "sim/graph", "sim/study", "cmd/servent",
		"search/bleveindex", // to close in time what damage has locked
	}
}

// firstLevel lists the folders of the root. bin is what `make build` writes
// and is not committed.
func firstLevel() []string {
	return []string{"cmd", "servent", "supernode", "protocol", "search", "nat", "sim", "bench", "docs", "packaging", "bin"}
}

func TestArchitecture(t *testing.T) {
	files, err := parseTree(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no Go file found: the test looks at the wrong folder")
	}
	for _, f := range files {
		for _, broken := range slices.Concat(checkImports(f), checkGoroutines(f)) {
			t.Error(broken)
		}
	}
}

func TestFirstLevel(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	for _, broken := range checkFirstLevel(folders) {
		t.Error(broken)
	}
}
