package load

// Read returns how many of the dependencies that were needed so far came from
// the cache, and how many were checked from source.
func (g *Graph) Read() (cached, checked int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, d := range g.decls {
		if d.cached {
			cached++
		} else {
			checked++
		}
	}
	return cached, checked
}

// Needed returns the keys of what m imports.
func (g *Graph) Needed(m *Meta) []Key {
	var keys []Key
	for _, dep := range m.imports {
		keys = append(keys, g.print(dep).key)
	}
	return keys
}

// Forget returns a graph with the same metadata that knows no types yet.
func (g *Graph) Forget() *Graph {
	n := g.WithOverlay(nil)
	n.decls, n.prints = make(map[string]*decl), make(map[*Meta]*print)
	return n
}

func (g *Graph) Prefetch(m *Meta) { g.prefetch(m.direct()) }
