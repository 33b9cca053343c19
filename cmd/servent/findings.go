package main

import (
	"net"
	"slices"
	"strings"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
)

// findingsWidth is how wide text is where there is no terminal to fit.
const findingsWidth = 100

// showFindings prints what doctor has found, the verdict first.
func (a *app) showFindings(findings []servent.Finding, st *servent.Status) {
	var faults, open []string
	for _, f := range findings {
		switch f.Verdict {
		case servent.VerdictFault:
			faults = append(faults, f.Check)
		case servent.VerdictUnknown:
			open = append(open, f.Check)
		}
	}
	if a.json {
		a.printJSON(struct {
			Well     bool              `json:"well"`
			Findings []servent.Finding `json:"findings"`
			Status   *servent.Status   `json:"status"`
		}{len(faults) == 0, findings, st})
		return
	}
	width, _ := a.screen.size()
	if width == 0 {
		width = findingsWidth
	}
	const verdict, check = 9, 15
	indent := strings.Repeat(" ", verdict+check)
	for i, f := range findings {
		text := []string{f.Text}
		if f.Verdict == servent.VerdictFault {
			text = append(text, "Means: "+f.Means+".", "Do: "+doText(f.Do, findings[i+1:])+".")
		}
		head := pad(strings.ToUpper(f.Verdict), verdict, false) + pad(f.Check, check, false)
		if f.Verdict != servent.VerdictFault {
			head = strings.ToLower(head)
		}
		for _, paragraph := range text {
			for _, line := range wrap(search.Clean(paragraph), max(width-len(indent), 30)) {
				a.printf("%s%s\n", head, line)
				head = indent
			}
		}
	}
	switch {
	case len(faults) > 0:
		a.printf("\n%s: %s\n", countText(len(faults), "fault"), strings.Join(faults, ", "))
	case len(open) > 0:
		a.printf("\nno fault found; not known: %s\n", strings.Join(open, ", "))
	default:
		a.printf("\nall is well\n")
	}
}

// doText is what to do, told once: where the same helps against a later finding, it
// stands there.
func doText(do string, later []servent.Finding) string {
	for _, f := range slices.Backward(later) {
		if f.Do == do {
			return "what stands at \"" + f.Check + "\" below"
		}
	}
	return do
}

// wrap breaks text between words into lines of at most width columns, where words allow.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case columns(line)+1+columns(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

// anyPort is host:port with a port that the system chooses.
func anyPort(listen string) string {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return ":0" // the flag has been checked
	}
	return net.JoinHostPort(host, "0")
}
