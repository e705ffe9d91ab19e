//go:build e2e

package e2ecorpus

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// getObject reads /BUCKET/KEY from the S3 server that the environment names,
// "" when there is no such object: metrics have metadata only. It signs the
// request itself (signature version 4), so that these tests share nothing with
// the code that they test.
func getObject(ctx context.Context, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, os.Getenv("KFPGO_S3_ENDPOINT")+(&url.URL{Path: path}).EscapedPath(), nil)
	if err != nil {
		return "", err
	}
	sign(request, time.Now().UTC())
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	switch {
	case response.StatusCode == http.StatusNotFound:
		return "", nil
	case response.StatusCode != http.StatusOK:
		return "", fmt.Errorf("%s: %s: %s", path, response.Status, text)
	}
	return string(text), err
}

func sign(r *http.Request, now time.Time) {
	const none = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // sha256 of nothing
	stamp, day, region := now.Format("20060102T150405Z"), now.Format("20060102"), setting("AWS_REGION", "us-east-1")
	r.Header.Set("X-Amz-Date", stamp)
	r.Header.Set("X-Amz-Content-Sha256", none)
	const headers = "host;x-amz-content-sha256;x-amz-date"
	canonical := strings.Join([]string{r.Method, r.URL.EscapedPath(), "", "host:" + r.URL.Host, "x-amz-content-sha256:" + none, "x-amz-date:" + stamp, "", headers, none}, "\n")
	scope := day + "/" + region + "/s3/aws4_request"
	sum := sha256.Sum256([]byte(canonical))
	text := "AWS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
	key := []byte("AWS4" + os.Getenv("AWS_SECRET_ACCESS_KEY"))
	for _, part := range []string{day, region, "s3", "aws4_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%x", os.Getenv("AWS_ACCESS_KEY_ID"), scope, headers, key))
}
