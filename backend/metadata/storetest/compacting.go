package storetest

import (
	"context"
	"iter"
	"testing"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// Compacting is a factory whose stores are compacted before each look at them:
// nobody who reads may tell the difference.
func Compacting(factory Factory, compact func(ctx context.Context, s metadata.Store) error) Factory {
	return func(t *testing.T) func() metadata.Store {
		open := factory(t)
		return func() metadata.Store { return &compacting{open(), compact} }
	}
}

type compacting struct {
	metadata.Store
	compact func(context.Context, metadata.Store) error
}

func (c *compacting) Load(ctx context.Context, q metadata.Query) (*metadata.Snapshot, error) {
	if err := c.compact(ctx, c.Store); err != nil {
		return nil, err
	}
	return c.Store.Load(ctx, q)
}

func (c *compacting) Scan(ctx context.Context) iter.Seq2[metadata.Object, error] {
	return func(yield func(metadata.Object, error) bool) {
		if err := c.compact(ctx, c.Store); err != nil {
			yield(metadata.Object{}, err)
			return
		}
		c.Store.Scan(ctx)(yield)
	}
}

func (c *compacting) Each(ctx context.Context, q metadata.Query, f func(*metadata.Run) error) ([]metadata.Damage, error) {
	if err := c.compact(ctx, c.Store); err != nil {
		return nil, err
	}
	return c.Store.Each(ctx, q, f)
}

// Edges implements metadata.EdgeSource where the store does.
func (c *compacting) Edges() metadata.EdgeReader {
	source, ok := c.Store.(metadata.EdgeSource)
	if !ok {
		return nil
	}
	read := source.Edges()
	return func(ctx context.Context, q metadata.EdgeQuery) (*metadata.EdgeSet, error) {
		if err := c.compact(ctx, c.Store); err != nil {
			return nil, err
		}
		return read(ctx, q)
	}
}
