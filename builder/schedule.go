package builder

import (
	"context"
	"sync"
)

// A group are targets that begin with equal plans: the first of them has the plan
// built, and the others have what came of it judged for their own hosts.
type group struct {
	members []int
	flavour string // "" where there is no plan to tell it
}

// schedule hands out groups to workers. Of groups that compile the same standard
// library one goes ahead until it is done: side by side they would compile all of it
// twice where it is not in the build cache yet.
type schedule struct {
	mu      sync.Mutex
	changed *sync.Cond
	waiting []group
	ahead   map[string]bool // flavours of which one group is being built
	warm    map[string]bool // flavours of which one group was built
}

// groups puts the targets that begin with equal plans together.
func (j *job) groups() []group {
	var list []group
	at := map[string]int{}
	for i, p := range j.todo {
		if p == nil {
			continue
		}
		g := group{members: []int{i}}
		if p.first != nil {
			g.flavour = p.first.flavour()
			key := p.first.Identity()
			if p.first.needsGraph {
				key += p.facts.paths() // which the plan will name once it is known which of them count
			}
			if first, ok := at[key]; ok {
				list[first].members = append(list[first].members, i)
				continue
			}
			at[key] = len(list)
		}
		list = append(list, g)
	}
	return list
}

// carryOut builds all that is ready.
func (j *job) carryOut(ctx context.Context) {
	s := &schedule{waiting: j.groups(), ahead: map[string]bool{}, warm: map[string]bool{}}
	s.changed = sync.NewCond(&s.mu)
	defer context.AfterFunc(ctx, s.wake)()
	var all sync.WaitGroup
	for range min(j.opts.Parallel, len(s.waiting)) {
		all.Go(func() {
			for {
				g, ok := s.next(ctx)
				if !ok {
					return
				}
				for _, i := range g.members {
					if ctx.Err() != nil {
						break
					}
					j.begun(i)
					res, err := j.build(ctx, i)
					j.todo[i] = nil // its facts of the source are not needed any more
					j.done(i, Outcome{res, err})
				}
				s.done(g)
			}
		})
	}
	all.Wait()
}

// wake has workers that wait look again.
func (s *schedule) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed.Broadcast()
}

// build builds one target that is ready.
func (j *job) build(ctx context.Context, i int) (*Result, error) {
	if err := j.todo[i].checkOutput(ctx); err != nil {
		return nil, err
	}
	return j.todo[i].build(ctx, j.todo[i].src)
}

// next gives a worker its next group, and false where there is none left.
func (s *schedule) next(ctx context.Context) (group, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ctx.Err() == nil && len(s.waiting) > 0 {
		for i, g := range s.waiting {
			if g.flavour != "" && !s.warm[g.flavour] {
				if s.ahead[g.flavour] {
					continue
				}
				s.ahead[g.flavour] = true
			}
			s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
			return g, true
		}
		s.changed.Wait()
	}
	return group{}, false
}

// done says that a group was built, so that others of its flavour may go on.
func (s *schedule) done(g group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.warm[g.flavour] = true; s.ahead[g.flavour] {
		delete(s.ahead, g.flavour)
	}
	s.changed.Broadcast()
}
