//go:build !sqlite_fts5

// Command fts5 is built with the tag sqlite_fts5.
package main

func main() {}
