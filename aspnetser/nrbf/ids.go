package nrbf

// idTable maps the ids of a stream to what they name. Small ids, which is nearly all of them, are found in a slice; whoever
// chooses others gets a Go map, whose hash is seeded at random.
type idTable struct {
	dense  []int32         // by id; 0: nothing
	sparse map[int32]int32 // the others
	count  int
}

// lookup returns the target that was set for id.
func (t *idTable) lookup(id int32) (target int32, ok bool) {
	if id > 0 && int(id) < len(t.dense) && t.dense[id] != 0 {
		return fromDense(t.dense[id]), true
	}
	if t.sparse != nil {
		target, ok = t.sparse[id]
	}
	return target, ok
}

func (t *idTable) set(id, target int32) {
	t.count++
	if id <= 0 || int(id) > 4*t.count+16 {
		if t.sparse == nil {
			t.sparse = map[int32]int32{}
		}
		t.sparse[id] = target
		return
	}
	for int(id) >= len(t.dense) {
		t.dense = append(t.dense, 0)
	}
	t.dense[id] = toDense(target)
}

// Targets from 0 up are stored as 1 and up, so that 0 is free.
func toDense(target int32) int32 {
	if target >= 0 {
		return target + 1
	}
	return target
}

func fromDense(n int32) int32 {
	if n > 0 {
		return n - 1
	}
	return n
}

// reset empties the table and keeps its memory.
func (t *idTable) reset() { *t = idTable{dense: t.dense[:0]} }
