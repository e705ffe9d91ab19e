package iostreams

import (
	"testing"
)

// The order of decision: --color, NO_COLOR, CLICOLOR_FORCE, TERM=dumb, the
// terminal; for each stream by itself.
func TestColor(t *testing.T) {
	for _, tt := range []struct {
		mode     ColorMode
		env      map[string]string
		out, err bool // are terminals
		wantOut  bool
		wantErr  bool
	}{
		{Auto, nil, true, false, true, false},
		{Auto, nil, false, true, false, true},
		{Always, map[string]string{"NO_COLOR": "1"}, false, false, true, true},
		{Never, map[string]string{"CLICOLOR_FORCE": "1"}, true, true, false, false},
		{Auto, map[string]string{"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, true, true, false, false},
		{Auto, map[string]string{"CLICOLOR_FORCE": "1", "TERM": "dumb"}, false, false, true, true},
		{Auto, map[string]string{"CLICOLOR_FORCE": "0"}, false, true, false, true},
		{Auto, map[string]string{"TERM": "dumb"}, true, true, false, false},
	} {
		s, _ := Test()
		s.getenv = func(k string) string { return tt.env[k] }
		s.OutTTY, s.ErrTTY = tt.out, tt.err
		s.SetColor(tt.mode)
		if s.OutColor() != tt.wantOut || s.ErrColor() != tt.wantErr {
			t.Errorf("%+v: got %v, %v", tt, s.OutColor(), s.ErrColor())
		}
	}
}

func TestSize(t *testing.T) {
	s, _ := Test()
	if s.Width() != DefaultWidth || s.Height() != 24 || s.Live() {
		t.Errorf("without a terminal: %d x %d, live %v", s.Width(), s.Height(), s.Live())
	}
	s.size = func() (int, int) { return 132, 50 }
	s.ErrTTY = true
	if s.Width() != 132 || s.Height() != 50 || !s.Live() {
		t.Errorf("with one: %d x %d, live %v", s.Width(), s.Height(), s.Live())
	}
	s.getenv = func(k string) string { return map[string]string{"COLUMNS": "60", "TERM": "dumb"}[k] }
	if s.Width() != 60 || s.Live() {
		t.Errorf("COLUMNS, TERM=dumb: %d, live %v", s.Width(), s.Live())
	}
}
