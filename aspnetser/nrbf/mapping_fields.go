package nrbf

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// Class marks a Go struct as a .NET class that Marshal can write. Its tag is the name of the class and that of its
// assembly:
//
//	type Line struct {
//		_     nrbf.Class `nrbf:"Contoso.Shop.Line, Contoso.Shop, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null"`
//		Sku   string
//		Count int32
//	}
//
// A class of the core library is named without assembly. It takes no memory when it is the first field.
type Class struct{}

// Struct is to .NET structs what Class is to classes.
type Struct struct{}

// Enum is for Go integer types that stand for a .NET enum, which Marshal writes over the .NET type of the same size. The
// name has the form of the tag of Class. It is asked of the zero value.
type Enum interface{ NRBFEnum() string }

// field is a field of a Go struct, or of one that is embedded in it for a base class.
type field struct {
	index []int
	name  string // of the Go field
	tag   string // name of the member, "" if the tag has none
	base  string // name of the base class that it belongs to, "" for the class itself
	typ   reflect.Type
	fieldOptions
}

// fieldOptions are what stands in a tag behind the name.
type fieldOptions struct {
	required, contents, property, public bool
	how                                  form
}

// form is which of several .NET types Marshal makes of a Go type.
type form uint8

const (
	byDefault form = iota
	asList
	asArrayList
	asHashtable
	asGuid
	asOffset
	asRectangle
)

var forms = map[string]form{"list": asList, "arraylist": asArrayList, "hashtable": asHashtable, "guid": asGuid,
	"offset": asOffset, "rect": asRectangle}

// structInfo is what a Go struct says about the class it stands for.
type structInfo struct {
	fields []field
	bases  map[string]bool
	hidden bool   // there are fields that are not exported
	class  string // from Class or Struct, "" if it has none
	value  bool   // a .NET struct
	err    error
}

var (
	structInfos sync.Map // reflect.Type: *structInfo

	typeClass  = reflect.TypeFor[Class]()
	typeStruct = reflect.TypeFor[Struct]()
	typeEnum   = reflect.TypeFor[Enum]()
)

func structInfoOf(t reflect.Type) *structInfo {
	if known, ok := structInfos.Load(t); ok {
		return known.(*structInfo)
	}
	info := &structInfo{bases: map[string]bool{}}
	info.class, info.value = classTag(t)
	info.err = info.add(t, nil, "")
	known, _ := structInfos.LoadOrStore(t, info)
	return known.(*structInfo)
}

// closed says that all fields are hidden, of a struct that does not say that it stands for a class.
func (info *structInfo) closed() bool {
	return info.hidden && len(info.fields) == 0 && info.class == ""
}

// add adds the fields of a struct, and then, as .NET does, those of the base classes that it embeds.
func (info *structInfo) add(t reflect.Type, index []int, base string) error {
	var embedded []reflect.StructField
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, tagged := sf.Tag.Lookup("nrbf")
		switch {
		case sf.Name == "_" || tag == "-":
			continue
		case sf.Anonymous && sf.Type.Kind() == reflect.Struct && !isScalarStruct(sf.Type):
			embedded = append(embedded, sf)
			continue
		case sf.Anonymous && sf.Type.Kind() == reflect.Pointer:
			return fmt.Errorf("%s embeds a pointer, which no base class is", t)
		case !sf.IsExported():
			if tagged {
				return fmt.Errorf("%s.%s has a tag and is not exported", t, sf.Name)
			}
			info.hidden = true
			continue
		}
		f := field{index: append(index[:len(index):len(index)], i), name: sf.Name, base: base, typ: sf.Type}
		if err := f.parse(tag); err != nil {
			return fmt.Errorf("%s.%s: %w", t, sf.Name, err)
		}
		info.fields = append(info.fields, f)
	}
	for _, sf := range embedded {
		name := baseName(sf)
		if info.bases[name] {
			return fmt.Errorf("%s has two base classes called %s", t, name)
		}
		info.bases[name] = true
		if err := info.add(sf.Type, append(index[:len(index):len(index)], sf.Index...), name); err != nil {
			return err
		}
	}
	return nil
}

func (f *field) parse(tag string) error {
	name, options, _ := strings.Cut(tag, ",")
	f.tag = name
	for options != "" {
		var option string
		option, options, _ = strings.Cut(options, ",")
		switch option {
		case "required":
			f.required = true
		case "contents":
			f.contents = true
		case "property":
			f.property = true
		case "public":
			f.public = true
		default:
			how, ok := forms[option]
			if !ok {
				return fmt.Errorf("unknown option %q in its tag", option)
			}
			f.how = how
		}
	}
	if f.property {
		if name == "" {
			name = f.name
		}
		f.tag = BackingField(name)
	}
	return nil
}

// baseName is the name that .NET puts in front of the private fields of an embedded struct's class.
func baseName(sf reflect.StructField) string {
	name, _ := classTag(sf.Type)
	name, _ = SplitTypeName(name)
	if tag, _, _ := strings.Cut(sf.Tag.Get("nrbf"), ","); tag != "" {
		name = tag
	}
	if name == "" {
		return sf.Name
	}
	if i := strings.Index(name, "[["); i > 0 {
		name = name[:i]
	}
	return name[strings.LastIndexAny(name, ".+")+1:]
}

// classTag returns the tag of a struct's Class or Struct field, "" if it has none, and which of them it is.
func classTag(t reflect.Type) (name string, value bool) {
	for i := range t.NumField() {
		if sf := t.Field(i); sf.Type == typeClass || sf.Type == typeStruct {
			return sf.Tag.Get("nrbf"), sf.Type == typeStruct
		}
	}
	return "", false
}

// enumTag returns what the NRBFEnum of a type says, "" if it has none.
func enumTag(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer:
		return ""
	case t.Implements(typeEnum):
		return reflect.Zero(t).Interface().(Enum).NRBFEnum()
	case reflect.PointerTo(t).Implements(typeEnum):
		return reflect.New(t).Interface().(Enum).NRBFEnum()
	}
	return ""
}

// SplitTypeName splits an assembly-qualified type name into those of the class and the assembly: at the first comma outside
// of brackets. The assembly is "" where there is none.
func SplitTypeName(name string) (class, library string) {
	depth := 0
	for i, c := range name {
		switch c {
		case '[':
			depth++
		case ']':
			depth--
		case ',':
			if depth == 0 {
				return strings.TrimSpace(name[:i]), strings.TrimSpace(name[i+1:])
			}
		}
	}
	return strings.TrimSpace(name), ""
}
