package nrbf

import "strings"

// FullName returns System.Int32 and the like.
func (p PrimitiveType) FullName() string { return "System." + p.String() }

// FullName returns System.String or System.Object.
func (b BuiltinType) FullName() string {
	if b == StringType {
		return "System.String"
	}
	return "System.Object"
}

// FullName returns the name.
func (c *ClassType) FullName() string { return c.Name }

// FullName returns System.Nullable`1[[System.Int32, mscorlib, …]] and the like.
func (n NullableType) FullName() string { return GenericName("System.Nullable`1", n.Of) }

// FullName returns the name of the elements with [] or, for two dimensions, [,] behind.
func (a ArrayType) FullName() string {
	// The suffix of the outermost array comes last: int[,][] is a list of tables to .NET, where C# writes int[][,].
	var suffixes []string
	for {
		suffixes = append(suffixes, "["+strings.Repeat(",", max(a.Rank, 1)-1)+"]")
		inner, ok := a.Elem.(ArrayType)
		if !ok {
			break
		}
		a = inner
	}
	var b strings.Builder
	b.WriteString(a.Elem.FullName())
	for i := len(suffixes) - 1; i >= 0; i-- {
		b.WriteString(suffixes[i])
	}
	return b.String()
}

// GenericName returns the full name of a generic type: its definition, such as System.Collections.Generic.List`1 with the
// number of its arguments, and the arguments with their assemblies (fixture o-generic-nested).
func GenericName(definition string, args ...Type) string {
	b := []byte(definition)
	b = append(b, '[')
	for i, a := range args {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		b = append(b, a.FullName()...)
		b = append(b, ", "...)
		b = append(b, a.Assembly()...)
		b = append(b, ']')
	}
	return string(append(b, ']'))
}

// NestedName returns the full name of a class that is declared inside another: Contoso.Shop.Cart+Line.
func NestedName(outer, inner string) string { return outer + "+" + inner }

// BackingField returns the name of the field behind an auto-property of C#: <Email>k__BackingField.
func BackingField(property string) string { return "<" + property + ">k__BackingField" }
