package study

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Merge joins the parts of one sweep. They must have been made by the same
// version with the same parameters; a point that two of them have must be equal.
// Errors name the parts by [Results.From].
func Merge(parts ...*Results) (*Results, error) {
	if len(parts) == 0 {
		return nil, errors.New("nothing to merge")
	}
	first := parts[0]
	sum := &Results{Study: first.Study, Version: first.Version, Params: first.Params, Points: make([]PointResult, len(first.Points))}
	from := make([]string, len(first.Points)) // of each result
	for _, part := range parts {
		if err := first.mate(part); err != nil {
			return nil, fmt.Errorf("%s and %s are not parts of the same study: %w", first.From, part.From, err)
		}
		for i, p := range part.Points {
			have := &sum.Points[i]
			switch {
			case have.Result == nil:
				*have, from[i] = p, part.From
			case p.Result != nil && !equalJSON(p.Result, have.Result):
				return nil, fmt.Errorf("%s and %s both have %q, and differ: one of them was not made by this version, or was changed", from[i], part.From, p.Name)
			}
		}
	}
	return sum, nil
}

// mate says why part is not of the same sweep as r, if it is not.
func (r *Results) mate(part *Results) error {
	switch {
	case part.Study != r.Study:
		return fmt.Errorf("the first is of %s, the other of %s", r.Study, part.Study)
	case part.Version != r.Version:
		return fmt.Errorf("the first was made by version %s, the other by %s", r.Version, part.Version)
	case len(part.Params) != len(r.Params):
		return fmt.Errorf("the first has %d parameters, the other %d", len(r.Params), len(part.Params))
	}
	for i, p := range part.Params {
		if q := r.Params[i]; p != q {
			return fmt.Errorf("the first has --%s %s, the other --%s %s", q.Name, q.Value, p.Name, p.Value)
		}
	}
	if len(part.Points) != len(r.Points) {
		return fmt.Errorf("the first has %d points, the other %d", len(r.Points), len(part.Points))
	}
	for i, p := range part.Points {
		if name := r.Points[i].Name; p.Name != name {
			return fmt.Errorf("point %d of the first is %q, of the other %q", i+1, name, p.Name)
		}
	}
	return nil
}

// Gaps says, a sentence each, what parts that were merged lack: shards that are not
// among them, are among them twice, are of another division of the sweep, or were
// stopped before their end.
func Gaps(parts ...*Results) []string {
	var gaps []string
	from := map[Shard]string{}
	var first Shard // of the parts
	alike := true   // all are parts of the same division
	for _, part := range parts {
		shard, err := ParseShard(part.Shard)
		switch {
		case err != nil || shard.N == 0:
			alike = false
		case first.N == 0:
			first = shard
		case shard.N != first.N:
			alike = false
			gaps = append(gaps, fmt.Sprintf("%s is part %s and %s part %s: points may be in both, or in none", from[first], first, part.From, shard))
		}
		if other, twice := from[shard]; twice && shard.N > 0 {
			gaps = append(gaps, fmt.Sprintf("%s and %s are both part %s", other, part.From, shard))
		}
		from[shard] = part.From
		if done, want := part.Done(), shard.Count(len(part.Points)); done < want {
			gaps = append(gaps, fmt.Sprintf("%s is not complete: it has %d of its %d points", part.From, done, want))
		}
	}
	for i := 1; alike && i <= first.N; i++ {
		if missing := (Shard{i, first.N}); from[missing] == "" {
			gaps = append(gaps, fmt.Sprintf("part %s is missing", missing))
		}
	}
	return gaps
}

// equalJSON compares without regard to how lines are broken.
func equalJSON(a, b json.RawMessage) bool { return string(compact(a)) == string(compact(b)) }

func compact(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return nil
	}
	out, err := json.Marshal(raw) // makes it compact
	if err != nil {
		return raw
	}
	return out
}
