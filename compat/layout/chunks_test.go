package layout

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/aspstate/aspstate/session"
)

func TestChunkDamage(t *testing.T) {
	good := func(n int) Row {
		row, err := sqlInMemory.Row(&session.Record{Key: key("", "secretsecret"), Payload: noise(n)}, Zone{})
		if err != nil {
			t.Fatal(err)
		}
		return row
	}
	for _, c := range []struct {
		why    string
		size   int
		change func(*Row)
		want   Damage
	}{
		{"duplicate", 20_000, func(r *Row) { r.Chunks = append(r.Chunks, r.Chunks[1]) }, DamageDuplicateChunk},
		{"duplicate in place of another", 20_000, func(r *Row) { r.Chunks[2].ID = 2 }, DamageDuplicateChunk},
		{"orphan behind", 20_000, func(r *Row) { r.Chunks = append(r.Chunks, Chunk{4, []byte{1}}) }, DamageOrphanChunk},
		{"orphan 0", 20_000, func(r *Row) { r.Chunks = append(r.Chunks, Chunk{0, nil}) }, DamageOrphanChunk},
		{"orphan -1", 20_000, func(r *Row) { r.Chunks[0].ID = -1 }, DamageOrphanChunk},
		{"orphans of a short item", 30, func(r *Row) { r.Chunks = []Chunk{{1, noise(30)}} }, DamageOrphanChunk},
		{"first missing", 20_000, func(r *Row) { r.Chunks = r.Chunks[1:] }, DamageMissingChunk},
		{"middle missing", 20_000, func(r *Row) { r.Chunks = slices.Delete(r.Chunks, 1, 2) }, DamageMissingChunk},
		{"last missing", 20_000, func(r *Row) { r.Chunks = r.Chunks[:2] }, DamageMissingChunk},
		{"all missing", 20_000, func(r *Row) { r.Chunks = nil }, DamageMissingChunk},
		{"middle short", 20_000, func(r *Row) { r.Chunks[1].Item = r.Chunks[1].Item[1:] }, DamageChunkSize},
		{"last long", 20_000, func(r *Row) { r.Chunks[2].Item = noise(7000) }, DamageChunkSize},
		{"last empty", 20_000, func(r *Row) { r.Chunks[2].Item = []byte{} }, DamageChunkSize},
		{"size says less", 20_000, func(r *Row) { r.ItemSize = 19_999 }, DamageChunkSize},
		{"size says one chunk less", 20_000, func(r *Row) { r.ItemSize = 14_000 }, DamageOrphanChunk},
		{"size says one more", 21_000, func(r *Row) { r.ItemSize = 21_001 }, DamageMissingChunk},
		{"size says more than there can be", 20_000, func(r *Row) { r.ItemSize = math.MaxInt64 }, DamageMissingChunk},
		{"item beside chunks", 20_000, func(r *Row) { r.Item = []byte{} }, DamageSize},
		{"negative size", 30, func(r *Row) { r.ItemSize = -1 }, DamageSize},
		{"short item shorter", 30, func(r *Row) { r.Item = r.Item[1:] }, DamageSize},
		{"short item longer", 30, func(r *Row) { r.ItemSize = 29 }, DamageSize},
		{"no item", 30, func(r *Row) { r.Item = nil }, DamageNoPayload},
		{"no item of size 0", 0, func(r *Row) { r.Item = nil }, DamageNoPayload},
	} {
		row := good(c.size)
		if _, _, err := sqlInMemory.Record(&row, Zone{}); err != nil {
			t.Fatalf("before %q: %v", c.why, err)
		}
		c.change(&row)
		_, _, err := sqlInMemory.Record(&row, Zone{})
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) || corrupt.Damage != c.want || corrupt.ID != "secr…" {
			t.Errorf("%s: %v, want %s", c.why, err, c.want)
		}
	}
}

func TestChunksComeInAnyOrder(t *testing.T) {
	payload := noise(100_000)
	row, err := sqlInMemory.Row(&session.Record{Payload: payload}, Zone{})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(row.Chunks)
	before := slices.Clone(row.Chunks)
	rec, _, err := sqlInMemory.Record(&row, Zone{})
	if err != nil || !bytes.Equal(rec.Payload, payload) {
		t.Fatalf("%d bytes, %v", len(rec.Payload), err)
	}
	for i, c := range row.Chunks {
		if c.ID != before[i].ID {
			t.Fatal("the row's own chunks have been sorted")
		}
	}
}
