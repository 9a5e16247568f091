package layout

import (
	"context"

	"github.com/aspstate/aspstate/session"
)

// Respelled is a Store of a table with spelled ids, seen by applications and raw ids. What the rule cannot spell gives an
// *UnknownApplicationError.
type Respelled struct {
	Table    session.Store
	Spelling *Spelling
	Rule     IDRule // by which ids are looked for and made
}

// Get implements session.Store.
func (r *Respelled) Get(ctx context.Context, k session.Key) (session.Item, error) {
	k, err := r.Spelling.Spell(k, r.Rule)
	if err != nil {
		return session.Item{}, err
	}
	return r.Table.Get(ctx, k)
}

// GetExclusive implements session.Store.
func (r *Respelled) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	k, err := r.Spelling.Spell(k, r.Rule)
	if err != nil {
		return session.Item{}, err
	}
	return r.Table.GetExclusive(ctx, k)
}

// SetAndRelease implements session.Store.
func (r *Respelled) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	k, err := r.Spelling.Spell(k, r.Rule)
	if err != nil {
		return err
	}
	return r.Table.SetAndRelease(ctx, k, v, cond)
}

// ReleaseExclusive implements session.Store.
func (r *Respelled) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	k, err := r.Spelling.Spell(k, r.Rule)
	if err != nil {
		return err
	}
	return r.Table.ReleaseExclusive(ctx, k, cookie)
}

// Remove implements session.Store.
func (r *Respelled) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	k, err := r.Spelling.Spell(k, r.Rule)
	if err != nil {
		return err
	}
	return r.Table.Remove(ctx, k, cond)
}

// ResetTimeout implements session.Store.
func (r *Respelled) ResetTimeout(ctx context.Context, k session.Key) error {
	k, err := r.Spelling.Spell(k, r.Rule)
	if err != nil {
		return err
	}
	return r.Table.ResetTimeout(ctx, k)
}

// CreateUninitialized implements session.Store.
func (r *Respelled) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	k, err := r.Spelling.Spell(k, r.Rule)
	if err != nil {
		return err
	}
	return r.Table.CreateUninitialized(ctx, k, v)
}
