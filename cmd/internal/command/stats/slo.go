package stats

import (
	"strconv"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/compiler/diag"
)

var sloKeys = []string{"success", "duration", "quantile", "window"}

// parseSLO reads the level of service of the flag, nil for "".
func parseSLO(text string) (*metadata.SLO, error) {
	if text == "" {
		return nil, nil
	}
	out := &metadata.SLO{}
	for _, entry := range strings.Split(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(entry), "=")
		var err error
		switch key {
		case "success":
			out.Success, err = part(key, value)
		case "quantile":
			out.Quantile, err = part(key, value)
		case "duration":
			out.Duration, err = long(key, value)
		case "window":
			out.Window, err = long(key, value)
		default:
			err = app.WithHint(app.Usagef("--slo: unknown key %q", key), diag.Hint(key, sloKeys))
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case out.Success == 0 && out.Duration == 0:
		return nil, app.Usagef("--slo %s promises nothing: it takes success, duration or both", text)
	case out.Quantile != 0 && out.Duration == 0:
		return nil, app.Usagef("--slo: quantile is that of duration, which is not stated")
	}
	return out, nil
}

func part(key, value string) (float64, error) {
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || !(f > 0 && f <= 1) {
		return 0, app.Usagef("--slo: %s=%s is no share of runs: above 0 and at most 1", key, value)
	}
	return f, nil
}

// long is a length of time in seconds; it may be in days.
func long(key, value string) (float64, error) {
	if days, ok := strings.CutSuffix(value, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 15); err == nil && n > 0 {
			return float64(n) * 86400, nil
		}
	}
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return 0, app.Usagef("--slo: %s=%s is no length of time, such as 90m, 2h or 30d", key, value)
	}
	return d.Seconds(), nil
}
