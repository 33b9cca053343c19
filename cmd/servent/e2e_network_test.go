//go:build loopback && linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/servent"
)

const (
	netSupers, netLeaves = 8, 30
	netParents           = 3 // supernodes of a leaf
	netFolder            = 200
	netSearch            = time.Second // that a search may take
	netHeal              = 10 * time.Second
	netWindow            = 12 * time.Second // of searches for all there is
	netQuiet             = 6 * time.Second  // without queries, after which none is on its way: twice a supernode's wait for hits
	// mostOfFlood is the part of a flood's messages that a search may take.
	mostOfFlood = 0.2
)

// netWords are searches: for what many hold, few, and nobody.
var netWords = []string{"example test", "reader", "doc go", "zip", "huffman", "unicode", "no such thing"}

// network is servents as real processes in a network namespace that has nothing but
// a loopback interface, where each has an address of its own. They find each other
// by what they tell each other.
type network struct {
	ns   string
	last int // address given last
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil || os.Geteuid() != 0 {
		t.Skip("needs root and iproute2 to make a network namespace")
	}
	n := &network{ns: fmt.Sprintf("svn%x", time.Now().UnixNano()&0xffffff)}
	ip(t, "netns add "+n.ns)
	t.Cleanup(func() { ip(t, "netns del "+n.ns) })
	ip(t, "-n "+n.ns+" link set lo up")
	return n
}

// add starts a servent by a command that serves.
func (n *network) add(t *testing.T, links []*peer, args ...string) *peer {
	t.Helper()
	n.last++
	addr := fmt.Sprintf("10.98.7.%d", n.last)
	ip(t, fmt.Sprintf("-n %s addr add %s/32 dev lo", n.ns, addr))
	p := &peer{args: append(args, "--json", "--listen", addr+":6346")}
	for _, l := range links {
		p.args = append(p.args, "--connect", l.ready.Listen)
	}
	n.run(t, p, newHome(t))
	return p
}

// run starts p, anew where it has run before.
func (n *network) run(t *testing.T, p *peer, h home) {
	t.Helper()
	p.process = h.spawnCmd(t, exec.Command("ip", append([]string{"netns", "exec", n.ns, program}, p.args...)...))
	p.ready = object[readyLine](t, p.line(t, `"ready"`))
}

// goFolders are parts of the Go source tree, none of which is empty or huge.
func goFolders(t *testing.T, count int) (folders []string, files [][]string) {
	t.Helper()
	src := newApp(&buffer{}, &buffer{}, os.LookupEnv).goSource(t.Context())
	if src == "" {
		t.Skip("no Go source tree")
	}
	entries, err := os.ReadDir(src)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		dir := filepath.Join(src, e.Name())
		if names := filesBelow(t, dir); len(names) > 0 && len(names) <= netFolder && len(folders) < count {
			folders, files = append(folders, dir), append(files, names)
		}
	}
	if len(folders) < count {
		t.Fatalf("only %d folders in %s", len(folders), src)
	}
	return folders, files
}

// filesBelow returns the paths below dir of what is shared of it.
func filesBelow(t *testing.T, dir string) (rels []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		secret := e.Name() == "token.go" // it is named like what is never shared
		if rel, _ := filepath.Rel(dir, path); err == nil && info.Size() > 0 && !strings.Contains("/"+rel, "/.") && !secret {
			rels = append(rels, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rels
}

// seek has p look for a file by all words of its path, once, and says how long that
// took.
func seek(t *testing.T, p *peer, rel string) (took time.Duration, err error) {
	t.Helper()
	query := strings.Join(search.Tokens(rel), " ")
	ctx, cancel := context.WithTimeout(t.Context(), netSearch)
	defer cancel()
	begin := time.Now()
	err = p.client(t).Search(ctx, servent.SearchRequest{Query: query}, func(f servent.Found) {
		if f.Name == filepath.Base(rel) && took == 0 {
			took = time.Since(begin)
			cancel()
		}
	})
	if took > 0 {
		return took, nil
	}
	return 0, fmt.Errorf("%s does not find %q: %w", p.ready.Listen, query, errors.Join(err, errNotFound))
}

var errNotFound = errors.New("not found")

// seekAll looks for up to each files of a folder, any, from some other node, and
// returns how many searches that were and the longest.
func seekAll(t *testing.T, from []*peer, files [][]string, each int) (searches int, longest time.Duration) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range files {
		for _, at := range rnd.Perm(len(files[i]))[:min(each, len(files[i]))] {
			took, err := seek(t, from[(i+1+rnd.IntN(len(files)-1))%len(files)], files[i][at])
			if err != nil {
				t.Error(err)
			}
			longest = max(longest, took)
			searches++
		}
	}
	return searches, longest
}

// awaitFound waits until a file of each folder is found from so many other nodes:
// supernodes tell each other in some seconds what there is.
func awaitFound(t *testing.T, from []*peer, files [][]string, others int, limit time.Duration) time.Duration {
	t.Helper()
	begin := time.Now()
	for i := range files {
		for j := range others {
			until(t, limit-time.Since(begin), func() error {
				_, err := seek(t, from[(i+1+j)%len(files)], files[i][0])
				return err
			})
		}
	}
	return time.Since(begin)
}

// findEverything looks for every file from another leaf, and checks that none takes
// longer than the limit.
func findEverything(t *testing.T, leaves []*peer, files [][]string) {
	t.Helper()
	searches, longest := seekAll(t, leaves, files, netFolder)
	t.Logf("all %d files were looked for, each once; the longest search took %v", searches, longest.Round(time.Millisecond))
	if longest > netSearch {
		t.Errorf("a search took %v", longest)
	}
}

// queries counts the copies of queries that all have sent.
func queries(t *testing.T, nodes []*peer) (n uint64) {
	t.Helper()
	for _, p := range nodes {
		st, err := p.client(t).Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n += st.Messages["query"].Out
	}
	return n
}

// cost has each of these nodes search for some words that many names hold, all at
// once, and returns how many copies of a query each search takes, and how many files
// are found in all.
func cost(t *testing.T, nodes, from []*peer) (perSearch float64, found int) {
	t.Helper()
	awaitQuiet(t, nodes)
	before := queries(t, nodes)
	ctx, cancel := context.WithTimeout(t.Context(), netWindow)
	defer cancel()
	results := make(chan int, len(from))
	for i, p := range from {
		c := p.client(t)
		go func() {
			files := map[string]bool{}
			err := c.Search(ctx, servent.SearchRequest{Query: netWords[i%len(netWords)]}, func(f servent.Found) {
				files[f.Path+"/"+f.Name+f.SHA1] = true
			})
			if err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			results <- len(files)
		}()
	}
	for range from {
		found += <-results
	}
	perSearch = float64(queries(t, nodes)-before) / float64(len(from))
	t.Logf("%d searches: %.1f queries each, %d files are found", len(from), perSearch, found)
	return perSearch, found
}

// awaitQuiet waits until earlier searches send no more queries: a supernode goes on
// with one whose asker is satisfied by the first hit.
func awaitQuiet(t *testing.T, nodes []*peer) {
	t.Helper()
	sent, since := queries(t, nodes), time.Now()
	until(t, time.Minute, func() error {
		if now := queries(t, nodes); now != sent {
			sent, since = now, time.Now()
		}
		if time.Since(since) < netQuiet {
			return fmt.Errorf("queries are sent still, %d by now", sent)
		}
		return nil
	})
}

// lists returns what became of file lists at each of these supernodes.
func lists(t *testing.T, supers []*peer) (each []servent.ListsInfo) {
	t.Helper()
	for _, s := range supers {
		st, err := s.client(t).Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		each = append(each, st.Lists)
	}
	return each
}

func sumLists(each []servent.ListsInfo) (sum servent.ListsInfo) {
	for _, l := range each {
		sum.Leaves, sum.Files = sum.Leaves+l.Leaves, sum.Files+l.Files
		sum.Offers, sum.Known, sum.Whole, sum.Changed = sum.Offers+l.Offers, sum.Known+l.Known, sum.Whole+l.Whole, sum.Changed+l.Changed
		sum.Received += l.Received
	}
	return sum
}

// awaitParents waits until each leaf has its supernodes, and these its list.
func awaitParents(t *testing.T, leaves []*peer, limit time.Duration) time.Duration {
	t.Helper()
	begin := time.Now()
	for _, l := range leaves {
		c := l.client(t)
		until(t, limit-time.Since(begin), func() error {
			peers, err := c.Peers(t.Context())
			if err != nil {
				return err
			}
			given := slices.DeleteFunc(slices.Clone(peers), func(p servent.PeerInfo) bool { return p.List == nil || p.List.State != "given" })
			if len(given) < netParents {
				text := ""
				for _, p := range peers {
					text += fmt.Sprintf("; %s %s %+v", p.Addr, p.Role, p.List)
				}
				return fmt.Errorf("%s has %d links, its list is at %d, want %d%s", l.ready.Listen, len(peers), len(given), netParents, text)
			}
			return nil
		})
	}
	return time.Since(begin)
}

// TestNetwork: 8 supernodes and 30 leaves with real files find everything for a
// fifth of what flooding takes, go on when two supernodes are killed, and send lists
// only to who does not know them.
func TestNetwork(t *testing.T) {
	folders, files := goFolders(t, netLeaves)
	net := newNetwork(t)
	var supers, leaves []*peer
	for range netSupers {
		supers = append(supers, net.add(t, supers, "supernode"))
	}
	for i, dir := range folders {
		leaves = append(leaves, net.add(t, supers[i%netSupers:][:1], "share", "--role", "leaf", dir))
	}
	t.Logf("all leaves have their supernodes after %v", awaitParents(t, leaves, time.Minute))
	t.Logf("and find files of all others after another %v", awaitFound(t, leaves, files, netLeaves-1, time.Minute))
	under, found := cost(t, slices.Concat(supers, leaves), leaves)
	findEverything(t, leaves, files)

	begun := sumLists(lists(t, supers))
	if want := uint64(netLeaves * netParents); begun.Whole < want || begun.Leaves != int(want) {
		t.Errorf("%d lists sent, %d held, want %d", begun.Whole, begun.Leaves, want)
	}
	t.Run("supernodes killed", func(t *testing.T) { testSupernodesKilled(t, supers, leaves, files) })
	t.Run("leaves started again", func(t *testing.T) { testLeavesStartedAgain(t, net, supers[2:], leaves, files) })
	for _, p := range slices.Concat(supers, leaves) {
		p.kill()
	}

	flat := flatNetwork(t, folders)
	awaitFound(t, flat[:netLeaves], files, netLeaves-1, time.Minute)
	flooded, foundFlooding := cost(t, flat, flat[:netLeaves])
	t.Logf("queries a search: %.1f under supernodes, %.1f flooded: %.3f", under, flooded, under/flooded)
	if found < foundFlooding {
		t.Errorf("%d files are found under supernodes, %d by flooding", found, foundFlooding)
	}
	if under > mostOfFlood*flooded {
		t.Errorf("supernodes take %.3f of the messages, want %.1f at most", under/flooded, mostOfFlood)
	}
}

// testSupernodesKilled: whoever lost one has another within 10 s, which is sent the
// whole list once, and everything is found.
func testSupernodesKilled(t *testing.T, supers, leaves []*peer, files [][]string) {
	left := supers[2:]
	before := sumLists(lists(t, left))
	perList := float64(before.Received) / float64(before.Whole)
	for _, s := range supers[:2] {
		s.kill()
	}
	took := awaitParents(t, leaves, netHeal)
	t.Logf("all leaves have their supernodes again after %v", took)
	t.Logf("and find files of all others after another %v", awaitFound(t, leaves, files, 1, netHeal-took))
	findEverything(t, leaves, files)
	after := sumLists(lists(t, left))
	whole, received := after.Whole-before.Whole, float64(after.Received-before.Received)
	t.Logf("%d lists were sent anew, %.0f bytes, %.2f of a mean list each", whole, received, received/perList/float64(whole))
	if after.Leaves != netLeaves*netParents || int(whole) != after.Leaves-before.Leaves {
		t.Errorf("%d lists are held, were %d; %d were sent", after.Leaves, before.Leaves, whole)
	}
}

// givenTo returns the supernodes that have the list of a leaf.
func givenTo(t *testing.T, leaf *peer) (supers []string) {
	t.Helper()
	peers, err := leaf.client(t).Peers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range peers {
		if p.List != nil && p.List.State == "given" {
			supers = append(supers, p.Addr)
		}
	}
	return supers
}

// testLeavesStartedAgain: a supernode that knows the list by its digest is sent less
// than a hundredth of it, others the whole list, once.
func testLeavesStartedAgain(t *testing.T, net *network, supers, leaves []*peer, files [][]string) {
	sum := sumLists(lists(t, supers))
	perList := float64(sum.Received) / float64(sum.Whole)
	var all resent
	for _, l := range leaves[2:10] {
		all.add(startAgain(t, net, supers, l))
	}
	awaitFound(t, leaves, files, 1, netHeal)
	t.Logf("%d lists were known, %d not; %.0f bytes came with %d that were known, a mean list is %.0f", all.known, all.whole, all.bytes, all.alone, perList)
	if all.known == 0 || 2*all.alone < all.known {
		t.Errorf("of %d lists that were known, %d came while no other list did", all.known, all.alone)
	}
	if all.bytes > 0.01*perList*float64(all.alone) {
		t.Errorf("%.0f bytes came with %d lists that were known; a mean list is %.0f", all.bytes, all.alone, perList)
	}
}

// resent is what leaves that came back sent to supernodes.
type resent struct {
	known, whole int // lists that the supernode had, and had not
	// alone of the known ones came while the supernode was sent no other list whole,
	// with so many bytes.
	alone int
	bytes float64
}

func (r *resent) add(o resent) {
	r.known, r.whole, r.alone, r.bytes = r.known+o.known, r.whole+o.whole, r.alone+o.alone, r.bytes+o.bytes
}

// startAgain kills a leaf and starts it again, and returns what it sends, once its
// supernodes have its list.
func startAgain(t *testing.T, net *network, supers []*peer, l *peer) (r resent) {
	t.Helper()
	had, before := givenTo(t, l), lists(t, supers)
	l.kill()
	net.run(t, l, l.home)
	awaitParents(t, []*peer{l}, 20*time.Second)
	given, after := givenTo(t, l), lists(t, supers)
	for i, s := range supers {
		at, now, was := s.ready.Listen, after[i], before[i]
		switch {
		case !slices.Contains(given, at):
			continue
		case !slices.Contains(had, at):
			r.whole++
			continue
		case now.Known == was.Known:
			t.Errorf("%s had the list of %s, and does not know it again", at, l.ready.Listen)
		}
		if r.known++; now.Whole == was.Whole {
			r.alone++
			r.bytes += float64(now.Received - was.Received)
		}
	}
	return r
}

// flatNetwork is the same folders and nodes without supernodes: a ring with chords,
// four links each.
func flatNetwork(t *testing.T, folders []string) []*peer {
	t.Helper()
	const count = netSupers + netLeaves
	net := newNetwork(t)
	rnd := rand.New(rand.NewPCG(3, 4))
	ring, chords := rnd.Perm(count), rnd.Perm(count)
	nodes := make([]*peer, count)
	for i := range count {
		var links []*peer
		for _, order := range [][]int{ring, chords} {
			at := slices.Index(order, i)
			for _, other := range []int{order[(at+1)%count], order[(at+count-1)%count]} {
				if other < i && !slices.Contains(links, nodes[other]) {
					links = append(links, nodes[other])
				}
			}
		}
		args := []string{"share", "--role", "flat", "--connect-only"}
		if i < len(folders) {
			args = append(args, folders[i])
		} else {
			args = append(args, t.TempDir())
		}
		nodes[i] = net.add(t, links, args...)
	}
	return nodes
}
