package main

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
)

// standingTexts tells the verdict on the servent's role and, where that depends on
// it, what it has of what a supernode needs.
func standingTexts(st *servent.Status) []string {
	e := &st.Election
	texts := []string{e.Verdict}
	factors, needed := e.Factors, "NEEDED TO SERVE"
	serves := st.Role == servent.RoleSupernode.String()
	switch {
	case serves && e.Auto:
		factors, needed = e.Stay, "NEEDED TO GO ON"
	case serves:
		factors = e.Stay
	case !e.Auto: // whatever it has, it stays what it is
		return texts
	}
	var rows [][]string
	for _, f := range factors {
		rows = append(rows, []string{f.Name, f.Value, f.Wanted, markText(f.OK)})
	}
	t := newTable(0, []column{{title: "FACTOR"}, {title: "NOW"}, {title: needed}, {}}, rows...)
	texts = append(texts, strings.TrimRight(t.header(), "\n"))
	for i, f := range factors {
		texts = append(texts, strings.TrimRight(t.row(rows[i]), "\n"))
		if f.Advice != "" {
			texts = append(texts, "  "+f.Advice)
		}
	}
	return texts
}

func markText(ok bool) string {
	if ok {
		return "ok"
	}
	return "missing"
}

// addressText says where the servent listens, and where others find it.
func addressText(st *servent.Status) string {
	if a, err := netip.ParseAddrPort(st.Address); err != nil || a.Addr().IsUnspecified() {
		return listenText(st.Listen) + "; at which address others find it shows with the first link"
	}
	if st.Reachable.TCP == "no" { // as tests have told
		return listenText(st.Listen) + "; others cannot connect to " + st.Address
	}
	return listenText(st.Listen) + "; others connect to " + st.Address
}

// routerText says what routers do with datagrams; empty where nothing is known.
func routerText(n *servent.NATInfo) string {
	switch {
	case n.Blocked == "yes":
		return "no answer comes back by UDP: two servents to whom nobody can connect cannot meet over it"
	case n.Outside == "":
		return ""
	}
	switch n.Mapping {
	case "none":
		return "none changes the address " + n.Outside
	case "endpoint-independent":
		return "others see " + n.Outside + ", all the same: those to whom nobody can connect can meet this servent"
	case "unknown":
		return "one server sees " + n.Outside + "; nobody else has been asked"
	default:
		return "each sees another address (a symmetric NAT), as " + n.Outside + ": only those behind an open router can meet this servent"
	}
}

// problemTexts tells what is wrong and what helps. All else that was turned away
// is what happens in a network that works; its counters stand in the JSON.
func (a *app) problemTexts(st *servent.Status) []string {
	var texts []string
	if linkCount(st) == 0 && (st.ConnectOnly || time.Duration(st.Uptime)*time.Second >= newlyAlone) {
		texts = append(texts, "no links: "+a.whyAlone(st))
	}
	tell := func(n uint64, one, help string) {
		if n > 0 {
			texts = append(texts, countText(n, one)+" "+help)
		}
	}
	e := &st.Edge
	texts = append(texts, faultTexts(servent.Diagnose(servent.Facts{Status: *st}))...)
	if unfit := st.Election.Unfit; unfit != "" {
		texts = append(texts, "others do not take this servent for a supernode ("+search.Clean(unfit)+"): let it be reached and send faster, or share in role auto")
	}
	tell(e.SearchesDropped, "question", "of others not looked up: the machine is too busy")
	tell(e.InboxFull, "connection", "for uploads not served in time: the machine is too busy")
	tell(e.UDPInDropped+e.UDPOutDropped, "datagram", "lost here: the machine is too busy")
	tell(e.HitsDropped, "answer", "to searches lost, as they came too fast: add words")
	tell(e.QueueFull, "request", "for files sent away, the queue being full: --max-uploads and --max-upload-queue give more")
	tell(e.PendingFull+e.PendingPerIP, "connection", "closed unheard, since too many were opened at once: --block-list keeps addresses out")
	texts = append(texts, indexTexts("shared files", "--index-max-bytes", st.Index.State)...)
	return append(texts, indexTexts("leaves' files", "--leaf-index-max-bytes", st.Lists.State)...)
}

// clockText is what others say of this machine's clock; empty where nobody has.
func clockText(st *servent.Status) string {
	for _, f := range servent.Diagnose(servent.Facts{Status: *st}) {
		if f.Check == "clock" && st.Clock.Witnesses > 0 {
			return f.Text
		}
	}
	return ""
}

// faultTexts tells of the faults of a diagnosis, those against which the same helps
// together. Of links there is more to say: see whyAlone.
func faultTexts(findings []servent.Finding) (texts []string) {
	told := map[string]int{} // where, by what helps
	for _, f := range findings {
		if f.Verdict != servent.VerdictFault || f.Fault == servent.FaultNoPeers {
			continue
		}
		if i, ok := told[f.Do]; ok {
			texts[i] = search.Clean(f.Text) + "; " + texts[i]
			continue
		}
		told[f.Do] = len(texts)
		texts = append(texts, search.Clean(f.Text)+": "+search.Clean(f.Do))
	}
	return texts
}

// indexTexts tells of an index that does not hold all.
func indexTexts(of, flag, state string) []string {
	switch state {
	case "full":
		return []string{fmt.Sprintf("the index of %s is full, and others do not find the rest: more fit with %s", of, flag)}
	case "failed":
		return []string{fmt.Sprintf("the index of %s cannot be written: look after the disk of the data dir, then start the servent again", of)}
	}
	return nil
}
