package layout

import (
	"slices"

	"github.com/aspstate/aspstate/session"
)

// Resolve says which sessions somebody may mean who types an id: as a State Server path (escaped or decoded), with the
// suffix of a known application by any rule, or raw. The keys are application and raw id, the likeliest first, each
// once. A raw id that happens to end in a known suffix is there as both.
func (r *Registry) Resolve(id string) []session.Key {
	var keys []session.Key
	add := func(app, id string) {
		if k := (session.Key{App: app, ID: id}); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	for _, path := range []string{id, EscapeTarget(id)} { // as sent; as decoded already
		if k, err := r.StateServerKey(path); err == nil {
			add(k.App, k.ID)
		}
	}
	if raw, _, v, ok := splitSuffix(id); ok {
		if o, known := r.owners[v]; known {
			add(r.apps[o.app].Name, raw)
			add(r.apps[o.app].Name, id)
		}
	}
	for i := range r.apps {
		add(r.apps[i].Name, id)
	}
	return keys
}

// Resolve is the registry's.
func (s *Spelling) Resolve(id string) []session.Key { return s.Registry.Resolve(id) }

// Candidates says under which keys of this table the session may stand that somebody means who types an id: as it was
// typed, then every key of Resolve by every rule under every id of its application. Each is there once.
func (s *Spelling) Candidates(id string) []session.Key {
	var keys []session.Key
	add := func(ks ...session.Key) {
		for _, k := range ks {
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	native := s.Rules[0] == RuleNative
	if !native {
		add(session.Key{ID: id})
	}
	for _, k := range s.Resolve(id) {
		for _, rule := range s.Rules {
			if ks, err := s.SpellAll(k, rule); err == nil { // else this table cannot hold it
				add(ks...)
			}
		}
	}
	if native {
		add(session.Key{ID: id})
	}
	return keys
}
