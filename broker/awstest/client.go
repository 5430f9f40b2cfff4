package awstest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// clientTimeout bounds one call.
const clientTimeout = 30 * time.Second

// Credentials are what a Client signs with; a long-term key has no SessionToken.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// Client asks AWS a few things over HTTP as the AWS CLI does, for programs that may not use the SDK. It
// signs with the code that the fake verifies with, so it proves nothing about either: what it shows is
// what credentials can do.
type Client struct {
	Endpoint    string // without a final slash
	Region      string
	Credentials Credentials
}

// Identity is what GetCallerIdentity answers.
type Identity struct{ UserID, Account, ARN string }

// APIError is AWS's refusal of a call.
type APIError struct{ Operation, Code, Message string }

// Error words it as the AWS CLI does.
func (e *APIError) Error() string {
	return fmt.Sprintf("An error occurred (%s) when calling the %s operation: %s", e.Code, e.Operation, e.Message)
}

// Issued is what AssumeRole and GetSessionToken answer.
type Issued struct {
	Credentials
	Expires   time.Time
	Principal string // the assumed-role ARN
	RequestID string
}

// Issue asks STS for credentials; params hold the Action and its parameters. A refusal is an *APIError.
func (c Client) Issue(ctx context.Context, params url.Values) (Issued, error) {
	var answer struct {
		Result struct {
			Credentials struct {
				AccessKeyID     string `xml:"AccessKeyId"`
				SecretAccessKey string
				SessionToken    string
				Expiration      time.Time
			}
			AssumedRoleUser struct{ Arn string }
		} `xml:",any"`
		RequestID string `xml:"ResponseMetadata>RequestId"`
	}
	params.Set("Version", "2011-06-15")
	err := c.call(ctx, serviceSTS, params.Get("Action"), http.MethodPost, "/", params.Encode(), &answer)
	got := answer.Result.Credentials
	return Issued{
		Credentials: Credentials{got.AccessKeyID, got.SecretAccessKey, got.SessionToken},
		Expires:     got.Expiration, Principal: answer.Result.AssumedRoleUser.Arn, RequestID: answer.RequestID,
	}, err
}

// ListBuckets returns all buckets, in S3's order. An answer that is a refusal is an *APIError.
func (c Client) ListBuckets(ctx context.Context) ([]Bucket, error) {
	var all []Bucket
	for token := ""; ; {
		part, next, err := c.ListPart(ctx, "", token)
		if err != nil {
			return nil, err
		}
		if all, token = append(all, part...), next; token == "" {
			return all, nil
		}
	}
}

// ListPart returns up to a thousand buckets and the token of the next part, "" after the last.
func (c Client) ListPart(ctx context.Context, prefix, token string) (part []Bucket, next string, err error) {
	query := url.Values{"max-buckets": {"1000"}}
	for name, value := range map[string]string{"prefix": prefix, "continuation-token": token} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var page struct {
		Buckets []struct {
			Name         string
			CreationDate time.Time
			BucketRegion string
		} `xml:"Buckets>Bucket"`
		ContinuationToken string
	}
	err = c.call(ctx, serviceS3, "ListBuckets", http.MethodGet, "/?"+query.Encode(), "", &page)
	for _, b := range page.Buckets {
		part = append(part, Bucket{Name: b.Name, Region: b.BucketRegion, Created: b.CreationDate})
	}
	return part, page.ContinuationToken, err
}

// DeleteVersion deletes one version of an object for good. A refusal is an *APIError.
func (c Client) DeleteVersion(ctx context.Context, bucket, key, version string) error {
	return c.call(ctx, serviceS3, "DeleteObject", http.MethodDelete, "/"+bucket+"/"+key+"?versionId="+url.QueryEscape(version), "", nil)
}

// CallerIdentity says whom AWS takes the credentials for. A refusal is an *APIError.
func (c Client) CallerIdentity(ctx context.Context) (Identity, error) {
	var answer struct {
		Result struct {
			Arn     string
			UserID  string `xml:"UserId"`
			Account string
		} `xml:"GetCallerIdentityResult"`
	}
	const body = "Action=GetCallerIdentity&Version=2011-06-15"
	err := c.call(ctx, serviceSTS, "GetCallerIdentity", http.MethodPost, "/", body, &answer)
	return Identity{UserID: answer.Result.UserID, Account: answer.Result.Account, ARN: answer.Result.Arn}, err
}

// call sends one signed request and reads the answer into out.
func (c Client) call(ctx context.Context, service, operation, method, path, body string, out any) error {
	ctx, cancel := context.WithTimeout(ctx, clientTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, c.Endpoint+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	}
	c.sign(r, service, body)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	if resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if resp.StatusCode != http.StatusOK {
		return readRefusal(operation, answer)
	}
	if err := xml.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s: answer not understood: %w", operation, err)
	}
	return nil
}

// sign adds Signature Version 4 by the wall clock, as every AWS client does.
func (c Client) sign(r *http.Request, service, body string) {
	sum := sha256.Sum256([]byte(body))
	payload := hex.EncodeToString(sum[:])
	a := authorization{
		keyID: c.Credentials.AccessKeyID, region: c.Region, service: service, end: sigEnd,
		date: time.Now().UTC().Format(amzDate), signed: []string{"host", "x-amz-content-sha256", "x-amz-date"},
	}
	a.day = a.date[:8]
	r.Header.Set("X-Amz-Content-Sha256", payload)
	r.Header.Set("X-Amz-Date", a.date)
	if token := c.Credentials.SessionToken; token != "" {
		r.Header.Set("X-Amz-Security-Token", token)
		a.signed = append(a.signed, "x-amz-security-token")
	}
	slices.Sort(a.signed)
	scope := strings.Join([]string{a.keyID, a.day, a.region, a.service, a.end}, "/")
	r.Header.Set("Authorization", fmt.Sprintf("%s Credential=%s, SignedHeaders=%s, Signature=%s", sigAlgorithm, scope,
		strings.Join(a.signed, ";"), signature(c.Credentials.SecretAccessKey, a, canonicalRequest(r, service, a.signed, payload))))
}

// readRefusal finds code and message in S3's form of an error or in that of query services.
func readRefusal(operation string, answer []byte) error {
	var doc struct {
		Code, Message string
		Error         struct{ Code, Message string }
	}
	if err := xml.Unmarshal(answer, &doc); err != nil {
		return fmt.Errorf("%s: refused, and the answer is no error of AWS's: %w", operation, err)
	}
	return &APIError{operation, doc.Code + doc.Error.Code, doc.Message + doc.Error.Message}
}
