package study

import (
	"fmt"
	"strings"
)

// summary says in words what the largest network showed.
func (p *comparePage) summary() string {
	cells := p.largest()
	flat, ok1 := findModel(cells, "flat")
	super, ok2 := findModel(cells, "super")
	if !ok1 || !ok2 {
		return summaryOf(cells)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "The same %s peers shared the same files and asked for the same things in every network. ", thousands(flat.peers))
	fmt.Fprintf(&b, "When all peers are equal and pass each search on to their neighbours (flat flooding), one search takes %s messages and finds %s of what there is. ",
		thousands(nearest(flat.sent())), percentText(flat.Recall))
	fmt.Fprintf(&b, "When the strongest peers keep the file lists of the others and only these pass searches on (supernodes), it takes %s messages and finds %s: %s.",
		thousands(nearest(super.sent())), percentText(super.Recall), fewer(flat.sent(), super.sent()))
	b.WriteString("\n\n")
	if flat.First50 >= 0 && super.First50 >= 0 {
		fmt.Fprintf(&b, "Half of the first hits are there after %.1f s with flooding and %.1f s with supernodes. ", flat.First50/1000, super.First50/1000)
	}
	b.WriteString(p.work(flat, super))
	if d, ok := findModel(cells, "dynamic"); ok {
		fmt.Fprintf(&b, "\n\nSupernodes as servent runs them ask their neighbours one after the other and stop when there is enough: %s messages and %s KiB a search, where supernodes that flood send %s messages and %s KiB. %s of the searches find something, and %s of all copies are found.",
			thousands(nearest(d.sent())), thousands(nearest(d.Bytes/1024)), thousands(nearest(super.sent())), thousands(nearest(super.Bytes/1024)), percentText(d.Success), percentText(d.Recall))
	}
	return b.String()
}

// work tells who does the work, where there were messages enough to see it.
func (p *comparePage) work(flat, super comparedCell) string {
	const few = "so few searches do not show it in so large a network (more --searches can)."
	switch {
	case p.loaded(flat) && p.loaded(super):
		return fmt.Sprintf("As to who does the work: the busiest 1 %% of the peers carry %.0f %% of all messages with flooding and %.0f %% with supernodes.", 100*flat.Busiest, 100*super.Busiest)
	case p.loaded(flat):
		return fmt.Sprintf("As to who does the work: the busiest 1 %% of the peers carry %.0f %% of all messages with flooding; for supernodes it cannot be told: %s", 100*flat.Busiest, few)
	default:
		return "Who does the work cannot be told: " + few
	}
}

// percentText writes a part of all; what is not all is not told as 100.
func percentText(part float64) string {
	places := 0
	for part < 1 && places < 3 && fmt.Sprintf("%.*f", places, 100*part) == fmt.Sprintf("%.*f", places, 100.0) {
		places++
	}
	return fmt.Sprintf("%.*f %%", places, 100*part)
}

// fewer says in words how many messages the one takes beside the other.
func fewer(than, messages float64) string {
	switch r := perOne(than, messages); {
	case r >= 1.5:
		return fmt.Sprintf("%.*f times fewer messages", digitsOf(r), r)
	case r > 1/1.5:
		return "about as many messages"
	default:
		return fmt.Sprintf("%.*f times as many messages", digitsOf(1/r), 1/r)
	}
}

// digitsOf is how many digits after the point people want of a ratio.
func digitsOf(r float64) int {
	if r < 10 {
		return 1
	}
	return 0
}

// summaryOf says what each model did, where flooding and supernodes are not there to
// be compared.
func summaryOf(cells []comparedCell) string {
	if len(cells) == 0 {
		return "Nothing of the largest network was run."
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s peers shared the same files and asked for the same things.", thousands(cells[0].peers))
	for _, l := range cells {
		fmt.Fprintf(&b, "\n\n%s: %s messages a search, which finds %s of what there is; %s of the searches find something.",
			contenderOf(l.model).name, thousands(nearest(l.sent())), percentText(l.Recall), percentText(l.Success))
	}
	return b.String()
}
