package nrbf

// idTable maps the ids of a stream to what they name. Ids that are counted up from 1, or down from -1 as those of structs
// are, which is nearly all, are found in slices; whoever chooses others gets a Go map, whose hash is seeded at random.
type idTable struct {
	dense  [2][]int32 // by id, and by negative id; 0: nothing
	sparse map[int32]int32
	count  int
}

// denseID returns in which of the slices id has a place, and where.
func denseID(id int32) (side, i int) {
	if id < 0 {
		return 1, -int(id)
	}
	return 0, int(id)
}

// lookup returns the target that was set for id.
func (t *idTable) lookup(id int32) (target int32, ok bool) {
	if side, i := denseID(id); i < len(t.dense[side]) && t.dense[side][i] != 0 {
		return fromDense(t.dense[side][i]), true
	}
	if t.sparse != nil {
		target, ok = t.sparse[id]
	}
	return target, ok
}

// set enters id. sparse says that it takes more memory than others.
func (t *idTable) set(id, target int32) (sparse bool) {
	t.count++
	side, i := denseID(id)
	if i > 4*t.count+16 {
		if t.sparse == nil {
			t.sparse = map[int32]int32{}
		}
		t.sparse[id] = target
		return true
	}
	for i >= len(t.dense[side]) {
		t.dense[side] = append(t.dense[side], 0)
	}
	t.dense[side][i] = toDense(target)
	return false
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
func (t *idTable) reset() { *t = idTable{dense: [2][]int32{t.dense[0][:0], t.dense[1][:0]}} }

// size is the memory of the slices in bytes.
func (t *idTable) size() int { return 4 * (cap(t.dense[0]) + cap(t.dense[1])) }
