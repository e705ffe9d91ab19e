package pipelinegen

// A rand is a small deterministic source (splitmix64): a seed gives the same
// pipeline with every version of Go.
type rand struct{ state uint64 }

func newRand(seed uint64) *rand { return &rand{seed*0x9e3779b97f4a7c15 + 1} }

func (r *rand) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below is a number from 0 to n-1.
func (r *rand) below(n int) int { return int(r.next() % uint64(n)) }

// between is a number from lo to hi.
func (r *rand) between(lo, hi int) int { return lo + r.below(hi-lo+1) }

// chance is true in percent of a hundred cases.
func (r *rand) chance(percent int) bool { return r.below(100) < percent }

func pick[T any](r *rand, xs []T) T { return xs[r.below(len(xs))] }

func shuffled[T any](r *rand, xs []T) []T {
	out := append([]T(nil), xs...)
	for i := len(out) - 1; i > 0; i-- {
		j := r.below(i + 1)
		out[i], out[j] = out[j], out[i]
	}
	return out
}
