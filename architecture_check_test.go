package servent_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// goFile is one parsed file and the package folder it belongs to, both as
// slash-separated paths below the root.
type goFile struct {
	path, pkg string
	fset      *token.FileSet
	ast       *ast.File
}

// test tells whether f is compiled into tests only: a test file, or a package
// of test helpers such as search/indextest.
func (f goFile) test() bool {
	return strings.HasSuffix(f.path, "_test.go") || strings.HasSuffix(f.pkg, "test")
}

// at writes where n stands.
func (f goFile) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", f.path, f.fset.Position(n.Pos()).Line)
}

// parseGo parses src, or the file at name where src is nil.
func parseGo(name string, src any) (goFile, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, filepath.FromSlash(name), src, parser.SkipObjectResolution)
	if err != nil {
		return goFile{}, err
	}
	pkg := path.Dir(name)
	if pkg == "." {
		pkg = ""
	}
	return goFile{path: name, pkg: pkg, fset: fset, ast: file}, nil
}

// parseTree reads every Go file below root, whatever its build tags, but
// hidden folders, test data and the modules that have a go.mod of their own.
func parseTree(root string) ([]goFile, error) {
	var files []goFile
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.ToSlash(p)
		if d.IsDir() {
			hidden := strings.HasPrefix(d.Name(), ".") && name != "."
			if hidden || d.Name() == "testdata" || name == "bench" || name == "protocol/tiger/asm" || name == "bin" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := parseGo(name, nil)
		files = append(files, f)
		return err
	})
	return files, err
}

// checkImports reports each import of f that the table forbids.
func checkImports(f goFile) []string {
	allowed, known := importTable()[f.pkg]
	if !known && f.pkg != "" {
		return []string{fmt.Sprintf("%s: package %s has no row in the import table", f.path, f.pkg)}
	}
	if f.pkg == "" && !f.test() {
		return []string{fmt.Sprintf("%s: the root holds tests only", f.path)}
	}
	if strings.HasSuffix(f.path, "_test.go") {
		allowed = slices.Concat(allowed, testImports()[f.pkg], []string{f.pkg})
	}
	var broken []string
	for _, spec := range f.ast.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			broken = append(broken, fmt.Sprintf("%s: unreadable import %s", f.at(spec), spec.Path.Value))
			continue
		}
		if why := forbidden(f.pkg, imported, allowed); why != "" {
			broken = append(broken, fmt.Sprintf("%s: imports %s: %s", f.at(spec), imported, why))
		}
	}
	return broken
}

// forbidden says why pkg may not import the package imported, or nothing.
func forbidden(pkg, imported string, allowed []string) string {
	if ours, ok := strings.CutPrefix(imported, module+"/"); ok || imported == module {
		if slices.Contains(allowed, ours) {
			return ""
		}
		return fmt.Sprintf("of ours, %s may import only [%s]", pkg, strings.Join(allowed, " "))
	}
	for mod, owner := range onlyImporter() {
		if (imported == mod || strings.HasPrefix(imported, mod+"/")) && pkg != owner {
			return fmt.Sprintf("only %s may import %s", owner, mod)
		}
	}
	return ""
}

// checkGoroutines reports where f starts a goroutine and may not: a go
// statement, a Go method as of sync.WaitGroup and errgroup, or an AfterFunc.
func checkGoroutines(f goFile) []string {
	if f.test() || slices.Contains(goroutinePackages(), f.pkg) {
		return nil
	}
	var broken []string
	report := func(n ast.Node, what string) {
		broken = append(broken, fmt.Sprintf("%s: %s: package %s may not start goroutines", f.at(n), what, f.pkg))
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			report(n, "go statement")
		case *ast.SelectorExpr:
			if n.Sel.Name == "Go" || n.Sel.Name == "AfterFunc" {
				report(n, n.Sel.Name)
			}
		}
		return true
	})
	return broken
}

// checkFirstLevel reports each folder of the root that is not given.
func checkFirstLevel(folders []string) []string {
	var broken []string
	for _, name := range folders {
		if strings.HasPrefix(name, ".") || slices.Contains(firstLevel(), name) {
			continue
		}
		broken = append(broken, fmt.Sprintf("%s/: the first level holds only [%s]", name, strings.Join(firstLevel(), " ")))
	}
	return broken
}
