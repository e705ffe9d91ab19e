package follow

import "iter"

// Ahead asks for the first element now and gives the sequence, from that one
// on, to be read once. A runner that is asked now tells all that happens from
// now on, whatever the caller does before it reads.
func Ahead[K, V any](seq iter.Seq2[K, V]) iter.Seq2[K, V] {
	next, stop := iter.Pull2(seq)
	k, v, ok := next()
	return func(yield func(K, V) bool) {
		defer stop()
		for ; ok; k, v, ok = next() {
			if !yield(k, v) {
				return
			}
		}
	}
}
