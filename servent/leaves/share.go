package leaves

import "slices"

const (
	// leafShare is the part of the places of an answer that the files of one leaf take
	// while those of others could: a leaf that names a thousand files after what many
	// look for would else be the whole answer.
	leafShare = 4
	// maxPassedOver is for how many files that are passed over others are looked for,
	// for each place: a leaf may have very many.
	maxPassedOver = 16
)

// shares are the places that leaves have in one answer.
type shares struct {
	places   []place
	most     int // of a leaf; 0: no limit
	over     int // files that were passed over
	patience int // after so many nobody is passed over any more
}

type place struct {
	link  uint32
	files int
}

// sharesOf shares out so many places; 0: any number.
func sharesOf(places int) shares {
	if places <= 0 {
		return shares{}
	}
	return shares{most: max(1, places/leafShare), patience: maxPassedOver * places}
}

// take says whether a file of the leaf on link has a place, and takes it.
func (s *shares) take(link uint32) bool {
	if s.most == 0 || s.over >= s.patience {
		return true
	}
	i := slices.IndexFunc(s.places, func(p place) bool { return p.link == link })
	if i < 0 {
		i, s.places = len(s.places), append(s.places, place{link: link})
	}
	if s.places[i].files == s.most {
		s.over++
		return false
	}
	s.places[i].files++
	return true
}
