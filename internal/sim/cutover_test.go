package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/cutover"
)

// openCutover starts a bridge that takes part in a cut-over.
func openCutover(f *farm, b *slot) {
	life, slot := b.life, b
	go func() {
		for !life.isDead() && !f.isOver() {
			st, err := cutover.Open(life.ctx, f.options(life))
			if err != nil {
				f.note(life.name, "cannot start: %v", err)
				time.Sleep(700 * time.Millisecond)
				continue
			}
			f.atEnd(func() { st.Close() })
			if !life.isDead() {
				slot.cut, slot.store = st, st
				slot.serve()
			}
			return
		}
	}()
}

// options are those of a bridge.
func (f *farm) options(l *life) cutover.Options {
	old, new := &rows{way{life: l, kind: toStore, to: f.old}}, &rows{way{life: l, kind: toStore, to: f.new}}
	o := cutover.Options{
		Old: old, New: new, Control: &table{l, f.new}, Holder: holder(l.name), Apps: []string{app}, Look: f.plan.look, Initial: f.plan.initial,
		Movers: 1, // a seed gives the same steps
		Ours:   f.copying.ours,
	}
	if f.plant != nil {
		f.plant(&o)
	}
	return o
}

// rows is a way to a store whose clock can be read.
type rows struct{ way }

func (s *rows) Now(ctx context.Context) (session.Instant, error) {
	return pass(ctx, s.life, s.kind, s.said("now"), func(context.Context) (session.Instant, error) {
		if s.to.store == nil {
			return 0, errFailed
		}
		return session.At(s.to.now()), nil
	})
}

// holder is a bridge's name without dots.
func holder(name string) string { return fmt.Sprintf("%x", name) }
