package socketmode

// Standing returns how many sockets are open and not about to end, and how many
// connections of the app Slack counted in the newest hello.
func (s *Sockets) Standing() (open, counted int) {
	s.mu.Lock()
	open = s.serving
	s.mu.Unlock()
	s.census.mu.Lock()
	defer s.census.mu.Unlock()
	return open, s.census.told
}
