package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/internal/linear"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/cutover"
	"github.com/aspstate/aspstate/session/memstore"
)

// operator walks through the phases, forward and back, at random.
type operator struct {
	f       *farm
	rng     *rand.Rand
	percent int
	copiers int

	startOver bool // the next copy forgets what earlier ones have left
}

func operate(f *farm) {
	o := &operator{f: f, rng: f.plan.random("operator"), percent: 100}
	for f.now() < f.plan.length {
		o.step()
		if o.rng.IntN(4) > 0 {
			time.Sleep(f.between(o.rng, 8*time.Second))
		}
	}
	o.ashore(0)
	f.ending = f.judge
}

// agreement is what the bridges have agreed on, as far as it matters here.
type agreement struct {
	Phase cutover.Phase `json:"phase"`
	Stage string        `json:"stage"`
	Clean bool          `json:"clean"` // in prepare: new has been swept
}

// agreed reads what is agreed, as somebody would who looks into the table.
func (f *farm) agreed() agreement {
	g, err := reach(f.new, func(s *memstore.Store) (session.Agreement, error) { return s.Agreement(context.Background()) })
	if err != nil {
		return agreement{Stage: err.Error()}
	}
	for _, a := range g.Apps {
		if a.App != app {
			continue
		}
		var now agreement
		if json.Unmarshal(a.Body, &now) != nil {
			return agreement{Stage: "unreadable"}
		}
		return now
	}
	return agreement{Phase: f.plan.initial, Stage: "settled"}
}

func (f *farm) phase() (cutover.Phase, string) {
	now := f.agreed()
	return now.Phase, now.Stage
}

// step does the next thing.
func (o *operator) step() {
	at, stage := o.f.phase()
	if stage != "settled" {
		time.Sleep(o.f.between(o.rng, time.Second))
		return
	}
	switch at {
	case cutover.Proxy:
		o.inProxy()
	case cutover.Prepare:
		if o.rng.IntN(5) == 0 {
			o.change(at, cutover.Proxy, 0)
			return
		}
		o.percent = []int{10, 50, 100}[o.rng.IntN(3)]
		o.change(at, cutover.Handoff, o.percent)
	case cutover.Handoff:
		switch d := o.rng.IntN(10); {
		case d < 3:
			o.change(at, cutover.Handback, 0)
		case o.percent < 100:
			o.percent = min(100, o.percent+10+o.rng.IntN(50))
			o.change(at, cutover.Handoff, o.percent)
		default:
			o.change(at, cutover.Mirror, 0)
		}
	case cutover.Handback:
		if o.rng.IntN(3) == 0 {
			o.percent = 100
			o.change(at, cutover.Handoff, o.percent)
			return
		}
		o.change(at, cutover.Proxy, 0)
	case cutover.Mirror:
		if late := o.f.now() > o.f.plan.length/2; late && o.rng.IntN(2) == 0 {
			o.change(at, cutover.Done, 0)
			return
		}
		if o.rng.IntN(3) == 0 { // not yet
			time.Sleep(o.f.between(o.rng, 8*time.Second))
			return
		}
		o.change(at, cutover.Handback, 0)
	case cutover.Done:
		time.Sleep(o.f.between(o.rng, 10*time.Second))
	}
}

// inProxy has sessions copied, takes nodes off old or puts them back to it, or goes on.
func (o *operator) inProxy() {
	switch o.rng.IntN(6) {
	case 0, 1, 2:
		o.copiers++
		m := o.f.migrate(fmt.Sprintf("copier.%d", o.copiers), o.rng.IntN(6), copier.Options{StartOver: o.startOver})
		o.startOver = false
		if o.rng.IntN(3) == 0 {
			o.f.later(o.f.between(o.rng, time.Second), m.kill)
		}
		if o.rng.IntN(2) == 0 { // it is not waited for
			o.ashore(0)
			o.change(cutover.Proxy, cutover.Prepare, 0)
			return
		}
		m.wait()
		if refused, is := errors.AsType[*copier.RefusedError](m.err); is && !m.isDead() {
			o.f.note("operator", "starts the copy over: %v", refused)
			o.startOver = true
		}
	case 3:
		o.ashore(2)
	default:
		o.ashore(0)
		o.change(cutover.Proxy, cutover.Prepare, 0)
	}
}

// ashore has so many nodes use old directly, and the others bridges.
func (o *operator) ashore(direct int) {
	for i, p := range o.f.nodes {
		if want := i < direct; p.direct != want {
			o.f.unbroken <- struct{}{}
			o.f.endNode(p)
			p.direct = want
			o.f.startNode(p)
			<-o.f.unbroken
		}
	}
}

// change asks for a phase until it is there, or for as long as an operator is patient.
func (o *operator) change(from, to cutover.Phase, percent int) {
	patience := time.Now().Add(o.f.between(o.rng, 20*time.Second))
	for time.Now().Before(patience) {
		err := o.ask(to, percent)
		if at, stage := o.f.phase(); at == to && stage == "settled" && err == nil {
			o.f.count(fmt.Sprintf("phase %v -> %v", from, to))
			return
		}
		if err != nil {
			o.f.count(fmt.Sprintf("phase %v -> %v not entered", from, to))
		}
		time.Sleep(o.f.between(o.rng, time.Second))
	}
}

// visit reads each session through a bridge once all is quiet.
func (f *farm) visit() {
	for _, b := range f.bridges {
		if b.store == nil {
			f.bad("%s is not up after all was quiet", b.name)
			return
		}
	}
	b := f.bridges[0]
	for _, k := range f.h.past {
		op := f.h.begin(0, linear.Asked{Key: k, Verb: linear.Get})
		item, err := b.store.Get(withErrand(b.life.ctx, "visit"), k)
		f.h.end(op, outcome(item, err))
		if told := outcome(item, err); told.Status == linear.Unknown {
			f.bad("%s is not served after all was quiet: %v", k.ID, err)
		}
	}
}

// judge looks at the stores once all is quiet.
func (f *farm) judge() {
	f.visit()
	at, stage := f.phase()
	f.count("ended in " + at.String())
	if stage != "settled" {
		f.bad("the change of phase %v is %s after all was quiet", at, stage)
	}
	old, err := f.old.ofApp()
	if err != nil {
		f.bad("%v", err)
	}
	fresh, err := f.new.ofApp()
	if err != nil {
		f.bad("%v", err)
	}
	for _, k := range f.h.past {
		truth, by := old[k], f.old
		switch at {
		case cutover.Handoff, cutover.Handback:
			if truth == nil {
				truth, by = fresh[k], f.new
			}
		case cutover.Mirror, cutover.Done:
			truth, by = fresh[k], f.new
		}
		f.h.ended(k, truth, session.At(by.now()))
		if at != cutover.Prepare || f.agreed().Clean {
			f.beside(at, k, old[k], fresh[k])
		}
	}
}

// beside looks at what the store that does not lead holds of a session.
func (f *farm) beside(at cutover.Phase, k session.Key, old, fresh *session.Record) {
	alive := func(r *session.Record, in *server) bool { return r != nil && r.Expires >= session.At(in.now()) }
	switch at {
	case cutover.Mirror:
		if !alive(old, f.old) && !alive(fresh, f.new) {
			return
		}
		if old == nil || fresh == nil || !bytes.Equal(old.Payload, fresh.Payload) || old.Timeout != fresh.Timeout || old.Expires != fresh.Expires ||
			old.Lock.Locked != fresh.Lock.Locked || old.Flags != fresh.Flags {
			f.bad("%s is not the same in both stores in mirror: old %s, new %s", k.ID, row(old), row(fresh))
		}
	case cutover.Handoff:
		if f.wholly && old != nil && !old.Lock.Locked {
			f.bad("%s still lies in old in handoff: %s", k.ID, row(old))
		}
	case cutover.Handback:
		if fresh != nil && !fresh.Lock.Locked {
			f.bad("%s still lies in new in handback: %s", k.ID, row(fresh))
		}
	case cutover.Prepare:
		if alive(fresh, f.new) && !alive(old, f.old) {
			f.bad("%s lives in new alone in prepare: %s", k.ID, row(fresh))
		}
	}
}

// ask has a bridge change the phase, as "aspstate ctl phase" does. The bridge may crash meanwhile, or the operator lose patience.
func (o *operator) ask(to cutover.Phase, percent int) error {
	b := o.f.bridges[o.rng.IntN(len(o.f.bridges))]
	life, cut := b.life, b.cut
	patience := o.f.between(o.rng, 30*time.Second)
	if cut == nil {
		return errFailed
	}
	ctx, cancel := context.WithTimeout(withErrand(life.ctx, "operator"), patience)
	defer cancel()
	answered := make(chan error, 1)
	go func() { answered <- cut.Change(ctx, app, cutover.Request{Phase: to, Percent: percent}) }()
	var err error
	select {
	case err = <-answered:
	case <-life.dead:
		err = errLost
	}
	o.f.note("operator", "%s: %v %d: %v", life.name, to, percent, err)
	return err
}
