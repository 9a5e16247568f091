package memstore

import "github.com/aspstate/aspstate/session"

// How the accord gets to the disk. Its rows have an order with the changes of sessions, which have none among themselves:
//
//   - A mark must not be later than a change that begins after it. What is written of a session is what it is by then, so
//     the marks that are waiting go with every batch, put in when the batch holds all else.
//   - An agreement, a lease or a mark's end must not be earlier than a change before it. So they wait for the last batch of
//     a flush that began after them, which holds, or follows, all that was queued by then.

// marked queues a mark.
func (w *writer) marked(m session.Mark) {
	w.mu.Lock()
	w.early = append(w.early, m)
	w.mu.Unlock()
}

// settle queues rows for the end of the present generation, all of them for the same, and returns that: it will be synced, if
// anybody waits for it, whatever the policy.
func (w *writer) settle(rows ...accordRow) *generation {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.late = append(w.late, rows...)
	g := w.gen.Load()
	for _, r := range rows {
		g.sync = g.sync || r.unmarked == nil
	}
	return g
}

// putEarly puts the marks that are waiting into the batch, the last thing before it is committed.
func (w *writer) putEarly() error {
	w.mu.Lock()
	marks := w.early
	w.early = nil
	w.mu.Unlock()
	for _, m := range marks {
		if err := w.disk.batch.Set(markKey(m), nil, nil); err != nil {
			return err
		}
	}
	if len(marks) == 0 || w.disk.done.version == accordVersion {
		return nil
	}
	w.disk.done.version = accordVersion
	return w.disk.putControl()
}

// putLate puts rows into the last batch of a flush.
func (w *writer) putLate(rows []accordRow) error {
	for _, r := range rows {
		var err error
		switch {
		case r.value != nil:
			err = w.disk.batch.Set(r.key, r.value, nil)
		case r.unmarked == nil || !w.s.isMarked(*r.unmarked):
			err = w.disk.batch.Delete(r.key, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// version is the one that the control row needs when the batch has been committed. Rows that are to be deleted by the
// next flush are still there, and marks that come meanwhile are seen by putEarly.
func (s *Store) version() byte {
	a, waiting := &s.accord, 0
	a.mu.Lock()
	defer a.mu.Unlock()
	if w := s.writer; w != nil {
		w.mu.Lock()
		waiting = len(w.early) + len(w.late)
		w.mu.Unlock()
	}
	for _, d := range a.dirty {
		waiting += d.count
	}
	if len(a.apps)+len(a.leases)+waiting > 0 {
		return accordVersion
	}
	return controlVersion
}
