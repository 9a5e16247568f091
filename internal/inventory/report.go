package inventory

import "github.com/aspstate/aspstate/aspnetser/corejson"

// Report is what Take found, and the JSON form of it. Lists are never null.
type Report struct {
	Store  string `json:"store"`  // for people: who calls Take fills it in
	Layout string `json:"layout"` // likewise

	Sample        Sample `json:"sample"`
	Rows          int64  `json:"rows"`          // that were seen: all, unless the sample is of the first
	Live          int64  `json:"live"`          // rows that have not expired, of the applications that were asked for
	Expired       int64  `json:"expired"`       // likewise
	LeftOut       int64  `json:"left_out"`      // rows of other applications
	Uninitialized int64  `json:"uninitialized"` // live rows that no page has begun to use
	Damaged       int64  `json:"damaged"`       // rows that nobody can read
	Looked        int64  `json:"looked_at"`     // live rows whose payload was decoded: what all else is about

	Apps    []App    `json:"applications"` // by name
	Classes []*Class `json:"classes"`      // of the applications, by name; those of .NET itself are left out
	Limits  []string `json:"limits"`       // which limits were met, and what became of what is beyond them; for people
}

// How a sample was chosen.
const (
	SampleAll    = "all"    // every session
	SampleSpread = "spread" // evenly spread over the store's order
	SampleFirst  = "first"  // the first in the store's order: it cannot be listed without payloads
)

// Sample says which sessions were looked at.
type Sample struct {
	Asked   int    `json:"asked"` // 0: all
	How     string `json:"how"`
	Partial bool   `json:"partial"` // there are live sessions that were not looked at
}

// App is what the sessions of one application hold.
type App struct {
	Name        string   `json:"name"`
	Known       bool     `json:"known"` // the name is one that somebody gave the application
	Sessions    int64    `json:"sessions"`
	Empty       int64    `json:"empty"`       // sessions without items
	Compressed  int64    `json:"compressed"`  // sessions that are stored compressed
	Undecodable int64    `json:"undecodable"` // sessions that cannot be read at all; nothing below is about them
	Reasons     []Reason `json:"undecodable_reasons"`
	Bytes       Sizes    `json:"payload_bytes"` // as stored
	Items       Sizes    `json:"items"`         // how many a session has
	Keys        []Key    `json:"keys"`          // the most frequent first, then by name
	Static      []Static `json:"static_objects"`
	Breaks      []Break  `json:"breaks"` // what would break, the worst first

	classes []corejson.Found // that the keys' types need
}

// Reason is a class of errors of decoding.
type Reason struct {
	Reason string `json:"reason"`
	Count  int64  `json:"count"` // of sessions, or of a key's items
}

// Key is an item's key, or a group of keys that look generated.
type Key struct {
	Key  string `json:"key"`  // "" for the null key as well; of a group its pattern, such as cart_{n}; of a very long one its beginning
	Kind string `json:"kind"` // key, null, group, long or others

	// Names is how many keys a group has: exactly if it is at most 256, else within some 10 %.
	Names     int64    `json:"names,omitempty"`
	Spellings []string `json:"spellings,omitempty"` // where there are several; at most 8

	Sessions    int64    `json:"sessions"`
	Percent     float64  `json:"percent"`     // of the application's sessions that can be read
	Bytes       Sizes    `json:"bytes"`       // of the item with its type byte, nulls included
	Nulls       int64    `json:"nulls"`       // items, not sessions: a session may have several of a group
	Undecodable int64    `json:"undecodable"` // items
	Reasons     []Reason `json:"undecodable_reasons,omitempty"`
	Types       []Type   `json:"types"`            // the most frequent first; null is none
	Carried     string   `json:"carried"`          // the type of C# to register for the key; "" if it cannot or should not be
	Why         string   `json:"why,omitempty"`    // why not
	NeedsZone   bool     `json:"needs_zone"`       // it has local dates: only a bridge that is told the zone of the web servers carries it
	Breaks      []string `json:"breaks,omitempty"` // codes of what would break
	Go          string   `json:"go"`               // the Go type for aspnetser.Get

	parsed *typeName // its only type
}

// Kinds of keys.
const (
	KindKey    = "key"
	KindNull   = "null"   // the null key
	KindGroup  = "group"  // keys of one pattern
	KindLong   = "long"   // a key of more than 256 bytes
	KindOthers = "others" // all keys beyond the limit
)

// Type is a .NET type that items of a key have.
type Type struct {
	Name     string `json:"name"`               // as C# writes it: int, List<string>, Contoso.Shop.Order
	FullName string `json:"full_name"`          // as .NET writes it
	Assembly string `json:"assembly,omitempty"` // its full name, of the first one seen; "" for the core library
	Items    int64  `json:"items"`

	Carried      string `json:"carried,omitempty"` // what JSON carries it as
	CarriedItems int64  `json:"carried_items"`     // how many of the items can be carried
	Why          string `json:"why,omitempty"`     // why others cannot, or what to know of those that can
}

// Static is an object that global.asax declares with session scope.
type Static struct {
	Name     string   `json:"name"`
	Sessions int64    `json:"sessions"`
	Created  int64    `json:"created"` // sessions in which it has been used
	Types    []string `json:"types"`   // as C# writes them
}

// Break is one thing that would break, or go otherwise than before, when the sessions are read as JSON or from another program.
type Break struct {
	Code     string     `json:"code"`
	Title    string     `json:"title"`
	Remedy   string     `json:"remedy"`
	Sessions int64      `json:"sessions"` // that are concerned
	AtLeast  bool       `json:"at_least"` // there may be more: of several keys only the sums are known
	Keys     []BreakKey `json:"keys"`     // the most frequent first, at most 20
	MoreKeys int        `json:"more_keys,omitempty"`
}

// BreakKey is a key that a Break is about.
type BreakKey struct {
	Key      string `json:"key"`
	Kind     string `json:"kind"`
	Sessions int64  `json:"sessions"`
}

// Class is a class, struct or enum of an application.
type Class struct {
	Name      string   `json:"name"` // full name as .NET writes it
	Assembly  string   `json:"assembly"`
	Versions  []string `json:"versions,omitempty"` // of the assembly, where there are several; at most 8
	ValueType bool     `json:"value_type"`         // a struct or enum
	Enum      string   `json:"enum,omitempty"`     // the .NET type under an enum
	Instances int64    `json:"instances"`
	Varies    bool     `json:"varies"`  // not all instances have the same members
	Members   []Member `json:"members"` // as they were met first; at most 256

	stored  string // full name as it is stored, assemblies of arguments and all
	extends string // the collection that it derives from, "" if none is known
	index   map[string]int
	forms   map[uint64]bool
	parsed  *typeName
	goName  string
}

// Member is a member of a Class.
type Member struct {
	Name      string `json:"name"`     // as it is stored
	Type      string `json:"type"`     // as C# writes it; of several the first
	Nulls     bool   `json:"nulls"`    // it was null somewhere
	Optional  bool   `json:"optional"` // some instances do not have it
	declared  *typeName
	seen      int64
	guessed   bool // declared is that of nulls
	disagrees bool // other types stand there as well
	goType    string
	goOption  string
}
