package resolver

// slots bounds how many queries are open at a server. Those that wait get
// theirs in the order they came: a channel serves its senders so.
type slots chan struct{}

// try takes a slot if there is one.
func (s slots) try() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s slots) release() { <-s }
