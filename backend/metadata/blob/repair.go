package blob

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	gcblob "gocloud.dev/blob"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

// asideDir is where repair puts what is damaged: nobody looks there, and nothing
// is thrown away.
const asideDir = "damaged/"

// RepairOptions choose how to repair.
type RepairOptions struct {
	DryRun bool // say what would be done
	By     metadata.Writer
	Now    func() time.Time // for the records' times
}

// A Repair is one thing that was done, or would be.
type Repair struct {
	Object string
	Done   string // in words
}

// A repairer is one repair.
type repairer struct {
	s   *Store
	opt RepairOptions
	did []Repair
	// replaced are indexes whose events others hold as well.
	replaced map[string]bool
	// edges counts the indexes that name an object of edges, by its key: two
	// segments may have the same.
	edges map[string]int
}

func (s *Store) repairer(opt RepairOptions) *repairer {
	return &repairer{s: s, opt: opt, replaced: map[string]bool{}, edges: map[string]int{}}
}

// Repair moves aside what is damaged, makes again what is derived, and records
// what is lost. What can be read before can be read after it.
func (s *Store) Repair(ctx context.Context, opt RepairOptions) ([]Repair, error) {
	r := s.repairer(opt)
	for _, step := range []func(context.Context) error{r.format, r.inbox, r.folded, r.twins, r.documents, r.losses} {
		if err := step(ctx); err != nil {
			return r.did, err
		}
	}
	return r.did, nil
}

func (r *repairer) say(object, format string, args ...any) {
	r.did = append(r.did, Repair{object, fmt.Sprintf(format, args...)})
}

// aside moves an object to where nobody looks.
func (r *repairer) aside(ctx context.Context, key string, why error) error {
	if r.opt.DryRun {
		r.say(key, "to be moved to %s: %v", asideDir+key, why)
		return nil
	}
	err := r.s.attempt(ctx, large, func(ctx context.Context) error {
		return r.s.bucket.Copy(ctx, asideDir+key, key, &gcblob.CopyOptions{})
	})
	if err != nil {
		err = r.s.fail("move", key, err)
		if errors.Is(err, metadata.ErrNotFound) || errors.Is(err, metadata.ErrDamaged) {
			// A folder, a link, or what else is no object.
			r.say(key, "cannot be moved, since it is no object; remove it by hand: %v", why)
			return nil
		}
		return err
	}
	if err := r.s.remove(ctx, key); err != nil {
		return err
	}
	r.say(key, "moved to %s: %v", asideDir+key, why)
	return nil
}

// format replaces a format file that cannot be read. One that asks for a newer
// version is not damaged.
func (r *repairer) format(ctx context.Context) error {
	names, err := r.s.formats(ctx)
	if err != nil {
		return err
	}
	for len(names) > 0 {
		last := slices.Max(names)
		data, err := r.s.read(ctx, last, maxFormat)
		if err != nil && !errors.Is(err, metadata.ErrDamaged) {
			return err
		}
		var f format
		if err == nil && json.Unmarshal(data, &f) == nil && f.Format == formatName {
			if _, err := r.s.known(ctx); err != nil { // newer ones are refused here
				return err
			}
			return r.feature(ctx, last, f)
		}
		if err := r.aside(ctx, last, fmt.Errorf("the format file is unreadable")); err != nil || r.opt.DryRun {
			return err
		}
		names = slices.DeleteFunc(names, func(key string) bool { return key == last })
	}
	segments, err := r.s.list(ctx, segment.Segments.Dir())
	if err != nil {
		return err
	}
	inbox, err := r.s.list(ctx, inboxDir)
	if err != nil {
		return err
	}
	if len(segments)+len(inbox) == 0 {
		_, err := r.s.known(ctx)
		return err
	}
	r.say(formatFirst, "written anew")
	if r.opt.DryRun {
		return nil
	}
	if _, _, err := r.s.initialise(ctx); err != nil {
		return err
	}
	if len(segments) > 0 {
		return r.s.require(ctx, featureSegments)
	}
	return nil
}

// feature has the format say that there are segments, if there are.
func (r *repairer) feature(ctx context.Context, key string, f format) error {
	segments, err := r.s.list(ctx, segment.Segments.Dir())
	if err != nil || len(segments) == 0 || slices.Contains(f.Reader, featureSegments) {
		return err
	}
	r.say(key, "followed by one that says that there are segments")
	if r.opt.DryRun {
		return nil
	}
	return r.s.require(ctx, featureSegments)
}

func (r *repairer) inbox(ctx context.Context) error {
	keys, err := r.s.list(ctx, inboxDir)
	if err != nil {
		return err
	}
	errs := make([]error, len(keys))
	parallel(readers, len(keys), func(i int) {
		name, _ := eventName(keys[i])
		if _, _, ok := metadata.SplitName(name); !ok {
			errs[i] = fmt.Errorf("%w: %w", metadata.ErrDamaged, errForeign)
			return
		}
		_, errs[i] = r.s.loadEvent(ctx, keys[i], name, false)
	})
	return r.asideDamaged(ctx, keys, errs)
}

// asideDamaged moves those objects aside whose errors say that they are damaged.
func (r *repairer) asideDamaged(ctx context.Context, keys []string, errs []error) error {
	for i, err := range errs {
		switch {
		case err == nil, errors.Is(err, metadata.ErrNotFound):
		case errors.Is(err, metadata.ErrFormat): // of a later version
			r.say(keys[i], "left as it is: %v", err)
		case errors.Is(err, metadata.ErrDamaged):
			if err := r.aside(ctx, keys[i], err); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return nil
}

// folded repairs indexes first, so that every segment that can be described is.
func (r *repairer) folded(ctx context.Context) error {
	indexes, segments, err := r.s.listFolded(ctx)
	if err != nil {
		return err
	}
	described := map[string][]*segment.Index{}
	for _, key := range indexes {
		x, err := r.index(ctx, key)
		if err != nil {
			return err
		}
		if x != nil {
			described[x.Header.Segment] = append(described[x.Header.Segment], x)
			for _, old := range x.Header.Replaces {
				r.replaced[old] = true
			}
		}
	}
	for _, key := range segments {
		if err := r.segment(ctx, key, described[key]); err != nil {
			return err
		}
		delete(described, key)
	}
	for _, all := range described {
		for _, x := range all {
			if err = r.rescue(ctx, x, nil); err == nil {
				err = r.asideIndex(ctx, x, errNoSegment)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// index reads an index, and moves it aside if it is damaged.
func (r *repairer) index(ctx context.Context, key string) (*segment.Index, error) {
	n, ok := segment.ParseName(key)
	if !ok {
		return nil, r.aside(ctx, key, errForeignIndex)
	}
	x, err := r.s.index(ctx, n)
	switch {
	case err == nil:
		r.edges[x.Header.Edges]++
		return x, nil
	case errors.Is(err, metadata.ErrNotFound):
		return nil, nil
	case errors.Is(err, metadata.ErrDamaged):
		return nil, r.aside(ctx, key, err)
	}
	return nil, err
}

func (r *repairer) asideIndex(ctx context.Context, x *segment.Index, why error) error {
	if err := r.aside(ctx, x.Name.Key(), why); err != nil {
		return err
	}
	r.edges[x.Header.Edges]--
	if x.Header.Edges == "" || r.edges[x.Header.Edges] > 0 {
		return nil
	}
	if _, err := r.s.modTime(ctx, x.Header.Edges); err != nil {
		return nil // it is lost as well, or stays and harms nobody
	}
	return r.aside(ctx, x.Header.Edges, why)
}

// segment looks at a segment and at what is derived from it.
func (r *repairer) segment(ctx context.Context, key string, described []*segment.Index) error {
	n, ok := segment.ParseName(key)
	if !ok {
		return r.aside(ctx, key, fmt.Errorf("%w: its name is not that of a segment", metadata.ErrDamaged))
	}
	data, err := r.s.readNamed(ctx, n)
	switch {
	case errors.Is(err, metadata.ErrNotFound):
		return nil
	case errors.Is(err, metadata.ErrDamaged):
		return r.damagedSegment(ctx, n, data, described, err)
	case err != nil:
		return err
	}
	sound := false
	for _, x := range described {
		err := segment.CheckDerived(x, data)
		if err == nil {
			err = r.soundEdges(ctx, x)
		}
		switch {
		case err == nil:
			sound = true
		case errors.Is(err, metadata.ErrDamaged):
			if err := r.asideIndex(ctx, x, err); err != nil {
				return err
			}
		default:
			return err
		}
	}
	if sound {
		return nil
	}
	return r.describe(ctx, n, data)
}

// soundEdges reports ErrDamaged if the edges that an index names cannot be read.
func (r *repairer) soundEdges(ctx context.Context, x *segment.Index) error {
	var found error
	err := r.s.checkEdges(ctx, x, func(_ string, err error) { found = err })
	if err != nil {
		return err
	}
	return found
}

// describe makes the index of a whole segment.
func (r *repairer) describe(ctx context.Context, n segment.Name, data []byte) error {
	f, damage, err := segment.Describe(n, data)
	if err == nil && damage != nil {
		return r.damagedSegment(ctx, n, data, nil, damage)
	}
	if err != nil || f == nil {
		return err
	}
	r.say(n.Key(), "its index is made again")
	r.name(f)
	if r.opt.DryRun {
		return nil
	}
	return r.s.describe(ctx, f)
}

// name counts the edges that a new index names.
func (r *repairer) name(f *segment.Folded) {
	if f.Edges != nil {
		r.edges[f.Edges.Key]++
	}
}

// damagedSegment keeps the events of a segment that are whole in a new one, and
// what an index still knows of the others.
func (r *repairer) damagedSegment(ctx context.Context, n segment.Name, data []byte, described []*segment.Index, why error) error {
	whole := map[string][]*metadata.Event{}
	for _, x := range described {
		for _, l := range x.Lines {
			row, err := l.Decode()
			if err != nil {
				continue
			}
			events, err := row.Read(data)
			if err != nil {
				events = row.Salvage(data)
			}
			whole[row.Run] = append(whole[row.Run], events...)
		}
	}
	if len(described) == 0 {
		spans, _ := segment.Split(data)
		for _, s := range spans {
			events, err := segment.ParseFrame(data[s.Offset:s.Offset+s.Length], "")
			if err == nil && len(events) > 0 {
				whole[events[0].Run] = append(whole[events[0].Run], events...)
			}
		}
	}
	written, err := r.writeWhole(ctx, n, whole)
	if err != nil || written == n.Key() {
		return err // all of it was whole, and is in its place again
	}
	for _, x := range described {
		if err := r.rescue(ctx, x, whole); err != nil {
			return err
		}
		if err := r.asideIndex(ctx, x, why); err != nil {
			return err
		}
	}
	return r.aside(ctx, n.Key(), why)
}

// writeWhole writes a segment of events that are whole and gives its key.
func (r *repairer) writeWhole(ctx context.Context, n segment.Name, whole map[string][]*metadata.Event) (key string, err error) {
	var ids []string
	events := 0
	for id, es := range whole {
		if whole[id] = segment.Sort(es); len(es) > 0 {
			ids = append(ids, id)
			events += len(whole[id])
		}
	}
	if len(ids) == 0 {
		return "", nil
	}
	slices.Sort(ids)
	b := &segment.Builder{Level: n.Level, KeepIDs: true}
	for _, id := range ids {
		if err := b.Add(whole[id], time.Time{}); err != nil {
			return "", err
		}
	}
	f, err := b.Finish(nil, nil)
	if err != nil {
		return "", err
	}
	r.say(f.Segment.Key, "written with the %d events of %d runs that are whole in %s", events, len(ids), n.Key())
	r.name(f)
	if r.opt.DryRun {
		return f.Segment.Key, nil
	}
	if err := r.s.writeSegment(ctx, f); err != nil {
		return "", err
	}
	return f.Segment.Key, r.s.putSame(ctx, f.Index.Key, f.Index.Data)
}

// rescue records again what an index knows of runs whose frames are lost, whole
// or in part.
func (r *repairer) rescue(ctx context.Context, x *segment.Index, whole map[string][]*metadata.Event) error {
	if r.replaced[x.Name.Key()] {
		return nil
	}
	edges := r.known(ctx, x)
	for _, l := range x.Lines {
		row, err := l.Decode()
		if err != nil || len(whole[row.Run]) == row.Events {
			continue
		}
		e, err := row.Rescue(edges[row.Run])
		if err != nil {
			return err
		}
		r.say(inboxDir+e.Name(), "written with what the index knows of run %s; %d of its %d events are lost", row.Run, row.Events-len(whole[row.Run]), row.Events)
		if r.opt.DryRun {
			continue
		}
		if err := r.s.Append(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// known is what the edges of an index say, by run.
func (r *repairer) known(ctx context.Context, x *segment.Index) map[string][]*metadata.ArtifactRecord {
	out := map[string][]*metadata.ArtifactRecord{}
	if x.Header.Edges == "" {
		return out
	}
	n, _ := segment.ParseName(x.Header.Edges)
	data, err := r.s.read(ctx, x.Header.Edges, segment.MaxObject)
	if err != nil {
		return out
	}
	lines, err := segment.ParseEdges(n, data)
	if err != nil {
		return out
	}
	for _, l := range lines {
		if a, err := l.Decode(); err == nil {
			out[l.Run()] = append(out[l.Run()], a)
		}
	}
	return out
}

// twins moves aside what lies in the inbox under the name of an event that a
// segment holds, and says other than that one, which came first.
func (r *repairer) twins(ctx context.Context) error {
	var keys []string
	err := r.s.looking(ctx, metadata.Query{}, false, func(v *view, last bool) error {
		keys = nil
		l := &loader{s: r.s, last: last, frames: r.s.frames()}
		for {
			e, err := v.next(ctx)
			if err != nil || e == nil {
				return err
			}
			found, err := l.twins(ctx, e)
			if err != nil {
				return err
			}
			keys = append(keys, found...)
		}
	})
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := r.aside(ctx, key, errFolded); err != nil {
			return err
		}
	}
	return nil
}

var errFolded = errors.New("a segment holds an event of that name with different content")

// twins gives the keys in the inbox of those events of a run whose names those
// of other events in a segment are.
func (l *loader) twins(ctx context.Context, e *entry) ([]string, error) {
	if len(e.keys) == 0 {
		return nil, nil
	}
	folded := map[string][]*metadata.Event{}
	for _, at := range e.rows {
		events, _, err := l.frames.row(ctx, at)
		switch {
		case err == nil:
		case errors.Is(err, metadata.ErrNotFound) && !l.last:
			return nil, errMoved
		case !usable(err):
			return nil, err
		}
		for _, event := range events {
			folded[event.Name()] = append(folded[event.Name()], event)
		}
	}
	var keys []string
	for _, key := range e.keys {
		name, _ := eventName(key)
		if folded[name] == nil {
			continue
		}
		data, err := l.s.read(ctx, key, metadata.MaxEventBytes)
		switch {
		case err == nil:
		case usable(err):
			continue // folded meanwhile, or seen to already
		default:
			return nil, err
		}
		if !slices.ContainsFunc(folded[name], func(event *metadata.Event) bool { return sameEvent(event, data) }) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func (r *repairer) documents(ctx context.Context) error {
	keys, err := r.s.list(ctx, blobDir)
	if err != nil {
		return err
	}
	errs := make([]error, len(keys))
	parallel(readers, len(keys), func(i int) { errs[i] = r.s.checkDocument(ctx, keys[i]) })
	return r.asideDamaged(ctx, keys, errs)
}

// losses records what is referred to and is not there, so that it is known.
func (r *repairer) losses(ctx context.Context) error {
	all, err := metadata.Losses(ctx, r.s)
	if err != nil {
		return err
	}
	byRun := map[string][]metadata.Record{}
	var runs []string
	for _, l := range all {
		if byRun[l.Run] == nil {
			runs = append(runs, l.Run)
		}
		byRun[l.Run] = append(byRun[l.Run], metadata.Record{Lost: &metadata.LostRecord{Digest: l.Digest, At: r.opt.Now().UTC()}})
		r.say("run "+l.Run, "recorded that %s is lost", strings.TrimSpace(l.Digest))
	}
	if r.opt.DryRun {
		return nil
	}
	for _, run := range runs {
		chain := metadata.Chain{Run: run, By: r.opt.By, Now: r.opt.Now}
		events, err := chain.Events(byRun[run])
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := r.s.Append(ctx, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// Reindex makes again what is derived: the index and the edges of each segment
// that lacks one that can be read. A damaged one is moved aside. It gives what
// was done.
func (s *Store) Reindex(ctx context.Context, opt RepairOptions) ([]Repair, error) {
	r := s.repairer(opt)
	f, err := s.known(ctx)
	if err != nil || f == nil {
		return nil, err
	}
	indexes, segments, err := s.listFolded(ctx)
	if err != nil {
		return nil, err
	}
	described := map[string][]*segment.Index{}
	for _, key := range indexes {
		x, err := r.index(ctx, key)
		if err != nil {
			return r.did, err
		}
		if x != nil {
			described[x.Header.Segment] = append(described[x.Header.Segment], x)
		}
	}
	for _, key := range segments {
		n, ok := segment.ParseName(key)
		if !ok {
			continue
		}
		_, err := s.readNamed(ctx, n)
		if err == nil {
			err = r.segment(ctx, key, described[key])
		}
		if err != nil && !usable(err) {
			return r.did, err
		}
		if err != nil {
			r.say(key, "left to `meta repair`: %v", err)
		}
	}
	return r.did, nil
}
