package sim

import (
	"bytes"
	"encoding/json"
)

// sparse is v as JSON without fields that are zero, however deep: a configuration
// is mostly that.
func sparse(v any) (json.RawMessage, error) {
	full, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(full))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	if tree, _ = prune(tree); tree == nil {
		return nil, nil
	}
	return json.Marshal(tree)
}

// prune returns a value without members that are zero, and whether it is zero itself.
// Lists keep theirs, since places count.
func prune(v any) (any, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case bool:
		return v, !v
	case string:
		return v, v == ""
	case json.Number:
		return v, v == "0"
	case []any:
		for _, e := range v {
			if _, zero := prune(e); !zero {
				return v, false
			}
		}
		return nil, true
	case map[string]any:
		for name, member := range v { // in any order: JSON sorts them
			pruned, zero := prune(member)
			if v[name] = pruned; zero {
				delete(v, name)
			}
		}
		if len(v) == 0 {
			return nil, true
		}
	}
	return v, false
}
