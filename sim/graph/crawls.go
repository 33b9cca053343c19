package graph

// Crawl is what is published of a crawl of the Gnutella network of August 2002
// (Ripeanu, Foster, Iamnitchi 2002; snap.stanford.edu/data/#p2p).
type Crawl struct {
	Day          string
	Nodes, Edges int // edges are directed
	Weak, Strong int // nodes of the largest component
	Triangles    int
}

// Crawls returns what is published of all nine.
func Crawls() []Crawl {
	return []Crawl{
		{"04", 10876, 39994, 10876, 4317, 934},
		{"05", 8846, 31839, 8842, 3234, 1112},
		{"06", 8717, 31525, 8717, 3226, 1142},
		{"08", 6301, 20777, 6299, 2068, 2383},
		{"09", 8114, 26013, 8104, 2624, 2354},
		{"24", 26518, 65369, 26498, 6352, 986},
		{"25", 22687, 54705, 22663, 5153, 806},
		{"30", 36682, 88328, 36646, 8490, 1590},
		{"31", 62586, 147892, 62561, 14149, 2024},
	}
}
