package leaves

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestShareOfPlaces: a leaf with very many files that match leaves room for those of
// another, as long as that is near; where nobody else has any it takes all places.
func TestShareOfPlaces(t *testing.T) {
	for _, tt := range []struct{ first, second, limit, want int }{
		{100, 0, 64, 0},
		{100, 10, 64, 10},
		{100, 100, 64, 16},
		{1 + 4*maxPassedOver, 3, 4, 3},
		{1 + 4*maxPassedOver + 2, 3, 4, 1},
		{1 + 4*maxPassedOver + 3, 3, 4, 0},
		{100, 5, 1, 0},
		{100, 5, 0, 5},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newLeaves(t, Config{})
			defer s.run(t)()
			s.come(newLeaf(1, tt.first))
			time.Sleep(2 * feedEvery)
			if tt.second > 0 {
				s.come(newLeaf(2, tt.second))
				time.Sleep(2 * feedEvery)
			}
			files, err := s.x.Find(t.Context(), Question{Words: words("common"), Limit: tt.limit})
			got := 0
			for i, f := range files {
				if f.Link == 2 {
					got++
				}
				if i > 0 && f.Score > files[i-1].Score {
					t.Errorf("%+v: a better one comes later", tt)
				}
			}
			if all := tt.first + tt.second; err != nil || tt.limit > 0 && len(files) != min(tt.limit, all) || tt.limit == 0 && len(files) != all || got != tt.want {
				t.Errorf("%+v: %d of the second leaf among %d, %v", tt, got, len(files), err)
			}
		})
	}
}
