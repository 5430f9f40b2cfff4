package share

import "sync"

// Each does f for 0 to n-1, at most some at once, and waits for all.
func Each(most, n int, f func(i int)) {
	slots := make(chan struct{}, most)
	var all sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			f(i)
		})
	}
	all.Wait()
}
