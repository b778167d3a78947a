package jobs

// Pool runs jobs on a fixed number of goroutines.
type Pool struct {
	jobs chan func()
	quit chan struct{}
}

// NewPool starts a pool of n workers. The caller must Stop it.
func NewPool(n int) *Pool {
	p := &Pool{jobs: make(chan func()), quit: make(chan struct{})}
	for i := 0; i < n; i++ {
		go p.work()
	}
	return p
}

func (p *Pool) work() {
	for {
		select {
		case job := <-p.jobs:
			job()
		case <-p.quit:
			return
		}
	}
}

// Submit hands job to the next free worker. It returns ErrClosed if there will
// never be one.
func (p *Pool) Submit(job func()) error {
	select {
	case p.jobs <- job:
		return nil
	case <-p.quit:
		return ErrClosed
	}
}

// Stop ends the workers once they have finished what they are at. A job may
// stop its own pool.
func (p *Pool) Stop() {
	close(p.quit)
}
