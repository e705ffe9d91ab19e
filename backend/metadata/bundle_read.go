package metadata

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
)

// maxBundleLine bounds a line of a bundle: a document of 64 MiB in base64, and
// its name.
const maxBundleLine = 64<<20/3*4 + 1<<10

// A bundleReader reads bundles and trusts nothing in them.
type bundleReader struct {
	event    func(*Event) error
	document func(*bundleLine) error
	// damage hears of what is not as it should be, and reading goes on; nil: the
	// first of it is the error.
	damage func(Damage)

	in    *bufio.Reader
	sum   hash.Hash
	at    int64 // bytes before the line
	next  int64
	count bundleEnd
	ended bool
}

// read takes a bundle from its beginning.
func (r *bundleReader) read(ctx context.Context, in io.ReadSeeker) error {
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r.in, r.sum = bufio.NewReaderSize(in, 64<<10), sha256.New()
	if err := r.head(); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, err := r.line()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := r.one(line); err != nil {
			return err
		}
	}
	if r.ended {
		return nil
	}
	return r.wrong(errTornBundle)
}

var errTornBundle = damagedFile("it is torn: its closing line is missing")

func damagedFile(why string) error { return fmt.Errorf("exported file %w: %s", ErrDamaged, why) }

func (r *bundleReader) head() error {
	line, err := r.line()
	if err != nil && err != io.EOF && !errors.Is(err, ErrTooLarge) {
		return err
	}
	var head bundleLine
	if json.Unmarshal(line, &head) != nil || head.Kind != kindBundle {
		return fmt.Errorf("no exported metadata file: %w", ErrFormat)
	}
	if head.V != 1 {
		return fmt.Errorf("exported file of version %d: %w", head.V, ErrFormat)
	}
	r.sum.Write(line)
	return nil
}

// line reads the next line with its ending, or without at the end of the file.
func (r *bundleReader) line() ([]byte, error) {
	r.at = r.next
	var out []byte
	for {
		piece, err := r.in.ReadSlice('\n')
		r.next += int64(len(piece))
		if len(out)+len(piece) > maxBundleLine {
			return nil, fmt.Errorf("exported file: byte %d: a line of more than %d bytes: %w", r.at, maxBundleLine, ErrTooLarge)
		}
		out = append(out, piece...)
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && len(out) > 0:
			return out, nil
		}
		return out, err
	}
}

// one takes what begins with the line: an event, a document or the end.
func (r *bundleReader) one(line []byte) error {
	if r.ended {
		return r.wrong(damagedFile("something stands behind its closing line"))
	}
	switch recordKind(bytes.TrimSuffix(line, []byte("\n"))) {
	case kindBlob:
		r.sum.Write(line)
		return r.takeDocument(line)
	case kindEvent:
		return r.takeEvent(line)
	case kindBundleEnd:
		r.ended = true
		return r.takeEnd(line)
	}
	r.sum.Write(line)
	return r.wrong(damagedFile("a line is neither of an event nor a document"))
}

func (r *bundleReader) takeDocument(line []byte) error {
	var l bundleLine
	if err := json.Unmarshal(line, &l); err != nil || Digest(l.Data) != l.Digest {
		return r.wrong(damagedFile("a document does not have the digest that it states"))
	}
	r.count.Documents++
	if r.document == nil {
		return nil
	}
	return r.document(&l)
}

// takeEvent reads up to the event's closing line. An event that lacks one ends
// at the next, or where it is larger than events may be.
func (r *bundleReader) takeEvent(line []byte) error {
	at := r.at
	data := line
	for {
		r.sum.Write(line)
		if recordKind(bytes.TrimSuffix(line, []byte("\n"))) == kindEnd || len(data) > MaxEventBytes {
			break
		}
		if next, err := r.in.Peek(len(eventStart)); err != nil && len(next) == 0 || beginsAnother(next) {
			break
		}
		var err error
		if line, err = r.line(); err != nil {
			return err
		}
		data = append(data, line...)
	}
	e, err := ParseEvent(data[:len(data):len(data)])
	if err != nil {
		r.at = at
		return r.wrong(err)
	}
	r.count.Events++
	if r.event == nil {
		return nil
	}
	return r.event(e)
}

// What lines begin with that belong to no event before them.
const eventStart = `{"kind":"event"`

func beginsAnother(next []byte) bool {
	for _, start := range [...]string{eventStart, `{"kind":"blob"`, `{"kind":"bundle`} {
		if bytes.HasPrefix(next, []byte(start)) {
			return true
		}
	}
	return false
}

func (r *bundleReader) takeEnd(line []byte) error {
	var end bundleEnd
	switch {
	case !bytes.HasSuffix(line, []byte("\n")) || json.Unmarshal(line, &end) != nil:
		return r.wrong(errTornBundle)
	case end.SHA256 != hex.EncodeToString(r.sum.Sum(nil)):
		return r.wrong(damagedFile("its content does not have the checksum that it states"))
	case end.Events != r.count.Events || end.Documents != r.count.Documents:
		return r.wrong(damagedFile("it does not hold the events and documents that it states"))
	}
	return nil
}

func (r *bundleReader) wrong(err error) error {
	where := fmt.Sprintf("byte %d", r.at)
	if r.damage == nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	r.damage(Damage{where, err})
	return nil
}
