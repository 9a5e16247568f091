package bridge

import "sync/atomic"

// Live has settings that can be replaced while they are in use. The zero value has none: the first ones count.
type Live[T any] struct{ now atomic.Pointer[T] }

// Set replaces the settings.
func (l *Live[T]) Set(v T) { l.now.Store(&v) }

// Or returns the settings, or the first ones where none were set.
func (l *Live[T]) Or(first *T) *T {
	if v := l.now.Load(); v != nil {
		return v
	}
	return first
}
