package corejson

import "strconv"

// path is the way from the root to a value, for errors: names of members and indices, no keys of dictionaries.
type path []step

type step struct {
	name  string // of a member; "" for an element
	index int
	entry bool // of a dictionary
}

func (p *path) member(name string) { *p = append(*p, step{name: name}) }
func (p *path) element(i int)      { *p = append(*p, step{index: i}) }
func (p *path) entry(i int)        { *p = append(*p, step{index: i, entry: true}) }
func (p *path) back()              { *p = (*p)[:len(*p)-1] }

func (p path) String() string {
	var b []byte
	for i, s := range p {
		switch {
		case s.entry:
			b = append(strconv.AppendInt(append(b, "[#"...), int64(s.index)+1, 10), ']')
		case s.name == "":
			b = append(strconv.AppendInt(append(b, '['), int64(s.index), 10), ']')
		default:
			if i > 0 {
				b = append(b, '.')
			}
			b = append(b, s.name...)
		}
	}
	return string(b)
}

func (p path) unconvertible(reason string) error { return &UnconvertibleError{p.String(), reason} }
