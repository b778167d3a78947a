package load

import (
	"context"
	"encoding/json"
	"reflect"

	"handshake/refactor"
)

// Computed returns what compute makes of a package, or what it made when the
// same question was last asked of the same sources, if the cache has that. Then
// nothing is type-checked. The question is all that the result depends on but
// for the sources and this program. The error is that of [Graph.Package].
func Computed[T any](ctx context.Context, g *Graph, m *Meta, question []string, compute func(*refactor.Package) *T) (*T, error) {
	of, keyed := g.Key(m)
	k := of.With(question...)
	if keyed {
		if r := recall[T](g.cfg.Cache, k); r != nil {
			return r, nil
		}
	}
	pkg, err := g.Package(ctx, m)
	if err != nil {
		return nil, err
	}
	r := compute(pkg)
	if keyed && g.Unchanged(m, pkg, of) {
		if data := exact(r); data != nil {
			g.cfg.Cache.Put(k, data)
		}
	}
	return r, nil
}

// recall returns the result under a key if there is one.
func recall[T any](c *Cache, k Key) *T {
	data, ok := c.Get(k)
	r := new(T)
	if !ok || json.Unmarshal(data, r) != nil {
		return nil
	}
	return r
}

// exact encodes a result, or returns nil if it would be another when it is read:
// JSON knows only valid UTF-8, and a fault of our own is not to stay.
func exact[T any](r *T) []byte {
	data, err := json.Marshal(r)
	again := new(T)
	if err != nil || json.Unmarshal(data, again) != nil || !reflect.DeepEqual(r, again) {
		return nil
	}
	return data
}
