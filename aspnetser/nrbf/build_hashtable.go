package nrbf

import "math"

// HashtableType is System.Collections.Hashtable, the type of what Hashtable returns.
func HashtableType() *ClassType {
	return hashtableType(
		MemberDecl{"Comparer", &ClassType{Name: "System.Collections.IComparer", Open: true}},
		MemberDecl{"HashCodeProvider", &ClassType{Name: "System.Collections.IHashCodeProvider", Open: true}},
	)
}

func hashtableType(comparers ...MemberDecl) *ClassType {
	c := &ClassType{
		Name:          "System.Collections.Hashtable",
		ISerializable: true,
		Members:       []MemberDecl{{"LoadFactor", PrimitiveSingle}, {"Version", PrimitiveInt32}},
	}
	c.Members = append(c.Members, comparers...)
	c.Members = append(c.Members,
		MemberDecl{"HashSize", PrimitiveInt32},
		MemberDecl{"Keys", ArrayType{Elem: ObjectType}},
		MemberDecl{"Values", ArrayType{Elem: ObjectType}},
	)
	return c
}

// Hashtable returns a Hashtable of the pairs (fixture o-hashtable). A nil comparer is that of a Hashtable to which none was
// given. The order of the pairs is that of the stream; it means nothing to .NET, which writes them by their hash codes.
//
// It fails like Dictionary.
func Hashtable(comparer *Instance, pairs ...Pair) (*Instance, error) {
	if err := distinct("Hashtable", comparer != nil && ignoresCase(comparer), pairs); err != nil {
		return nil, err
	}
	keys, values := make([]any, len(pairs)), make([]any, len(pairs))
	for i, p := range pairs {
		keys[i], values[i] = p.Key, p.Value
	}
	// Some places stay free: 72 of 100 may be used.
	const load = float32(0.72)
	growths := int32(-1)
	size := buckets(func(size int) bool { growths++; return int(load*float32(size)) >= len(pairs) })
	version := int32(len(pairs)) + growths // every addition counts and every growth
	tail := []any{size, ArrayOf(ObjectType, keys...), ArrayOf(ObjectType, values...)}
	if comparer == nil {
		return HashtableType().New(append([]any{load, version, nil, nil}, tail...)...), nil
	}
	with := hashtableType(MemberDecl{"KeyComparer", &ClassType{Name: "System.Collections.IEqualityComparer", Open: true}})
	return with.New(append([]any{load, version, comparer}, tail...)...), nil
}

// growth are the sizes through which hash tables of .NET grow; behind the last one come primes, at least double each.
var growth = [...]int{3, 7, 17, 37, 89, 197, 431, 919, 1931, 4049, 8419, 17519, 36353, 75431, 156437, 324449, 672827,
	1395263, 2893249, 5999471}

// buckets returns the first size of a hash table that is enough. Sizes are of no consequence to readers, who let their
// table grow from any.
func buckets(enough func(size int) bool) int32 {
	for _, size := range growth {
		if enough(size) {
			return int32(size)
		}
	}
	for size := growth[len(growth)-1]; ; {
		for size *= 2; !isPrime(size); size++ {
		}
		if size > math.MaxInt32/2 || enough(size) {
			return int32(size)
		}
	}
}

func isPrime(n int) bool {
	for i := 2; i*i <= n; i++ {
		if n%i == 0 {
			return false
		}
	}
	return n > 1
}
