package awstest

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxPage is ListBuckets' largest and default page, and the quota above which S3 refuses unpaginated
// requests: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
const maxPage = 10_000

// Bucket is a general purpose bucket. An empty Region means us-east-1.
type Bucket struct {
	Name, Region string
	Created      time.Time
	Versioned    bool // every write is kept as a version
	ObjectLock   bool // versions may be locked; it is versioned too
	KMS          bool // encrypts by a KMS key unless told otherwise, so that ETags are no MD5
}

// AddBuckets gives the account buckets, replacing those of the same name. Objects stay.
func (s *Server) AddBuckets(account string, b ...Bucket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	byName := make(map[string]Bucket, len(s.buckets[account])+len(b))
	for _, bucket := range slices.Concat(s.buckets[account], b) {
		bucket.Region = cmp.Or(bucket.Region, "us-east-1")
		bucket.Versioned = bucket.Versioned || bucket.ObjectLock
		byName[bucket.Name] = bucket
	}
	all := make([]Bucket, 0, len(byName))
	for _, bucket := range byName {
		all = append(all, bucket)
	}
	slices.SortFunc(all, func(a, b Bucket) int { return strings.Compare(a.Name, b.Name) })
	s.buckets[account] = all
}

type bucketXML struct {
	Name         string
	CreationDate string
	BucketRegion string `xml:",omitempty"`
}

type listBucketsXML struct {
	XMLName           xml.Name    `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListAllMyBucketsResult"`
	OwnerID           string      `xml:"Owner>ID"`
	Buckets           []bucketXML `xml:"Buckets>Bucket"`
	ContinuationToken string      `xml:",omitempty"`
	Prefix            string      `xml:",omitempty"`
}

// listAll is ListBuckets.
func (s *Server) listAll(req *request, who *caller) (any, *refusal) {
	s.mu.Lock()
	reason, ok := s.authorize(who, s.ask(who, "s3:ListAllMyBuckets", "*"))
	all := s.buckets[who.account]
	s.mu.Unlock()
	if !ok {
		return nil, &refusal{http.StatusForbidden, "AccessDenied", notAuthorized(who, "s3:ListAllMyBuckets", "", reason)}
	}
	return listBuckets(req.params, req.auth.region, who.account, all)
}

// listBuckets answers one page of the account's buckets, which are sorted by name.
func listBuckets(p url.Values, region, account string, all []Bucket) (any, *refusal) {
	wantRegion := p.Get("bucket-region")
	if wantRegion != "" && wantRegion != region {
		return nil, invalidArgument("Argument value " + wantRegion +
			" is not supported: the bucket-region must be the Region of the endpoint, " + region)
	}
	size := maxPage
	if v := p.Get("max-buckets"); p.Has("max-buckets") {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > maxPage {
			return nil, invalidArgument("Argument max-buckets must be an integer between 1 and 10000")
		}
		size = n
	}
	after, ok := tokenName(account, p.Get("continuation-token"))
	if !ok {
		return nil, invalidArgument("The continuation token provided is incorrect")
	}
	paginated := p.Has("max-buckets") || p.Get("prefix") != "" || wantRegion != "" || after != ""
	if !paginated && len(all) > maxPage {
		return nil, &refusal{http.StatusBadRequest, "InvalidRequest",
			"Unpaginated ListBuckets requests are not supported for accounts with a general purpose bucket quota above 10,000. Set max-buckets."}
	}
	out := listBucketsXML{OwnerID: canonicalUser(account), Prefix: p.Get("prefix")}
	first, found := slices.BinarySearchFunc(all, max(after, out.Prefix), func(b Bucket, name string) int {
		return strings.Compare(b.Name, name)
	})
	if found && all[first].Name == after {
		first++
	}
	for _, b := range all[first:] {
		if !strings.HasPrefix(b.Name, out.Prefix) {
			break
		}
		if wantRegion != "" && b.Region != wantRegion {
			continue
		}
		if len(out.Buckets) == size {
			out.ContinuationToken = nameToken(account, out.Buckets[size-1].Name)
			break
		}
		x := bucketXML{Name: b.Name, CreationDate: b.Created.UTC().Format("2006-01-02T15:04:05.000Z")}
		if paginated { // "If the request contains at least one valid parameter, it is included": API_Bucket.html
			x.BucketRegion = b.Region
		}
		out.Buckets = append(out.Buckets, x)
	}
	return out, nil
}

func invalidArgument(message string) *refusal {
	return &refusal{http.StatusBadRequest, "InvalidArgument", message}
}

// nameToken is an opaque continuation token: what is not from here, or is another account's, is refused.
func nameToken(account, name string) string {
	return base64.StdEncoding.EncodeToString(append(tokenMAC(account, name), name...))
}

func tokenName(account, token string) (string, bool) {
	if token == "" {
		return "", true
	}
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(raw) <= 16 {
		return "", false
	}
	name := string(raw[16:])
	return name, hmac.Equal(raw[:16], tokenMAC(account, name))
}

func tokenMAC(account, name string) []byte { return hmacSHA256([]byte(account), name)[:16] }

// canonicalUser is S3's ID of an account, 64 hexadecimal digits. S3 sends no DisplayName any more.
func canonicalUser(account string) string {
	sum := sha256.Sum256([]byte(account))
	return hex.EncodeToString(sum[:])
}
