package segment

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Bounds of what is decompressed: whoever wrote it may mean harm.
const (
	maxFrame = 32 << 20 // of events
	maxText  = 96 << 20 // of an index or of edges
	// MaxObject bounds the objects themselves.
	MaxObject = 128 << 20
)

// window is how far back the encoder looks, in bytes. The default, eight times
// as far, makes objects hardly smaller and takes 14 MB more.
const window = 1 << 20

// encoder is shared: EncodeAll is safe for concurrent use, and with one
// goroutine the same input gives the same bytes.
var encoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window))
	if err != nil {
		panic(err) // the options are constants
	}
	return e
})

func newDecoder(limit uint64) func() *zstd.Decoder {
	return sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(limit), zstd.WithDecoderLowmem(true))
		if err != nil {
			panic(err) // the options are constants
		}
		return d
	})
}

var frameDecoder, textDecoder = newDecoder(maxFrame), newDecoder(maxText)

func compress(data []byte) []byte { return encoder().EncodeAll(data, nil) }

func decompress(d *zstd.Decoder, data []byte) ([]byte, error) {
	out, err := d.DecodeAll(data, nil)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
		return nil, damaged("it decompresses to more than it may")
	}
	if err != nil {
		return nil, damaged("it cannot be decompressed: %v", err)
	}
	return out, nil
}

// salvage decompresses as far as it goes.
func salvage(data []byte) []byte {
	d, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxFrame), zstd.IgnoreChecksum(true))
	if err != nil {
		return nil
	}
	defer d.Close()
	out, _ := io.ReadAll(io.LimitReader(d, maxFrame)) // what came before the damage
	return out
}
