package blob

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	gcblob "gocloud.dev/blob"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

const (
	formatName    = "kfp-go-metadata"
	formatDir     = "format/"
	formatFirst   = formatDir + "00000001.json"
	formatVersion = 1
	maxFormat     = 64 << 10
	// featureSegments says that events lie in segments too: who reads the inbox
	// alone would miss them.
	featureSegments = "segments"
)

// A format says what a store is and who may use it. The highest number below
// format/ counts; none is ever edited.
type format struct {
	Format            string   `json:"format"`
	Version           int      `json:"version"`
	Store             string   `json:"store"`
	Reader            []string `json:"reader"` // features that a reader must know
	Writer            []string `json:"writer"` // features that a writer must know
	ConditionalWrites bool     `json:"conditionalWrites"`
}

// neighbours may lie in the store's folder beside it: the local runner's files.
var neighbours = []string{"artifacts/", "cache/", "runs/", "work/"}

// readFormat finds the store's format, nil if there is none and the place is
// empty. A place that holds something else is refused: it is the wrong one.
func (s *Store) readFormat(ctx context.Context) (*format, error) {
	names, err := s.formats(ctx)
	if err != nil {
		return nil, err
	}
	listed := len(names) > 0
	if !listed {
		if err := s.mustBeEmpty(ctx); err != nil {
			return nil, err
		}
		// It may have been made meanwhile, and what answers listings may be
		// no store at all: a proxy with a page for everything.
		names = []string{formatFirst}
	}
	data, err := s.read(ctx, slices.Max(names), maxFormat)
	if !listed && errors.Is(err, metadata.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseFormat(data, s.where)
}

// formats are the keys of the format files; what else lies beside them is of a
// probe that was interrupted.
func (s *Store) formats(ctx context.Context) ([]string, error) {
	names, err := s.list(ctx, formatDir)
	return slices.DeleteFunc(names, func(key string) bool { return !formatKey.MatchString(key) }), err
}

var formatKey = regexp.MustCompile(`^format/[0-9]{8}\.json$`)

func parseFormat(data []byte, where string) (*format, error) {
	var f format
	if err := json.Unmarshal(data, &f); err != nil || f.Format != formatName {
		return nil, fmt.Errorf("%s is no metadata store: its format file is unreadable: %w", where, metadata.ErrFormat)
	}
	unknown := slices.DeleteFunc(slices.Clone(f.Reader), func(name string) bool { return name == featureSegments })
	if f.Version != formatVersion || len(unknown) > 0 {
		return nil, fmt.Errorf("%s needs a newer kfp-go (format version %d, features %q): %w", where, f.Version, unknown, metadata.ErrFormat)
	}
	return &f, nil
}

func (s *Store) mustBeEmpty(ctx context.Context) error {
	top, err := s.listAll(ctx, &gcblob.ListOptions{Delimiter: "/"})
	if err != nil {
		return s.fail("list", "", err)
	}
	for _, key := range top {
		if key == formatDir {
			return nil
		}
	}
	for _, key := range top {
		if !slices.Contains(neighbours, key) {
			return fmt.Errorf("%s holds something else (%q) and no metadata: %w", s.where, key, metadata.ErrFormat)
		}
	}
	return nil
}

// writable reads the format, and makes it in an empty place.
func (s *Store) writable(ctx context.Context) error {
	f, err := s.known(ctx)
	if err != nil {
		return err
	}
	if f == nil {
		if f, _, err = s.initialise(ctx); err != nil {
			return err
		}
	}
	if err := s.settle(); err != nil {
		return err
	}
	if len(f.Writer) > 0 {
		return fmt.Errorf("%s can only be read: writing needs a newer kfp-go (features %q): %w", s.where, f.Writer, metadata.ErrReadOnly)
	}
	return nil
}

// settle has the format durable before anything that needs it: whoever wrote it
// may not have come so far.
func (s *Store) settle() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files == nil || s.settled {
		return nil
	}
	if err := s.files.settle(strings.TrimSuffix(formatDir, "/")); err != nil {
		return s.failFile("write", formatDir, err)
	}
	s.settled = true
	return nil
}

// known is the store's format, read once; nil while there is none.
func (s *Store) known(ctx context.Context) (*format, error) {
	s.mu.Lock()
	f := s.format
	s.mu.Unlock()
	if f != nil {
		return f, nil
	}
	f, err := s.readFormat(ctx)
	if err != nil || f == nil {
		return nil, err
	}
	s.mu.Lock()
	s.format = f
	s.mu.Unlock()
	return f, nil
}

// require makes a feature one that every reader must know, before it is used.
// It adds a format file and keeps whatever else the last one says.
func (s *Store) require(ctx context.Context, feature string) error {
	for range relists + 1 {
		names, err := s.formats(ctx)
		if err != nil {
			return err
		}
		if len(names) == 0 {
			return fmt.Errorf("%s holds no metadata: %w", s.where, metadata.ErrFormat)
		}
		last := slices.Max(names)
		data, err := s.read(ctx, last, maxFormat)
		if err != nil {
			return err
		}
		f, err := parseFormat(data, s.where)
		if err != nil {
			return err
		}
		if slices.Contains(f.Reader, feature) {
			s.mu.Lock()
			s.format = f
			s.mu.Unlock()
			return nil
		}
		if data, err = withFeature(data, append(f.Reader, feature)); err != nil {
			return err
		}
		var n int
		if _, err := fmt.Sscanf(last, formatDir+"%08d.json", &n); err != nil {
			return err
		}
		err = s.putNew(ctx, fmt.Sprintf(formatDir+"%08d.json", n+1), data, "application/json")
		if err != nil && !errors.Is(err, metadata.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("%s: the format changes all the time: %w", s.where, metadata.ErrUnavailable)
}

// withFeature is the format file with other reader features.
func withFeature(data []byte, reader []string) ([]byte, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	var err error
	if all["reader"], err = json.Marshal(reader); err != nil {
		return nil, err
	}
	out, err := json.Marshal(all)
	return append(out, '\n'), err
}

// eventName takes the event's name out of an object's key.
func eventName(key string) (name string, ok bool) { return strings.CutPrefix(key, inboxDir) }
