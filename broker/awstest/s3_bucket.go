package awstest

import (
	"net/http"
	"slices"
	"strings"
)

// s3Plain is an answer of S3 that is no XML: an object, or nothing.
type s3Plain struct {
	status int
	body   []byte
}

// s3Path is the bucket and the key that are asked for, in the path: the fake is reached by an address, which no
// name of a bucket can stand before.
func (r *request) s3Path() (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(r.http.URL.Path, "/"), "/")
	return bucket, key
}

// s3Queries are the parameters that an action takes beside x-id, which only names it.
var s3Queries = map[string][]string{
	"ListBuckets":        {"bucket-region", "continuation-token", "max-buckets", "prefix"},
	"ListObjectsV2":      {"continuation-token", "list-type", "max-keys", "prefix", "start-after"},
	"ListObjectVersions": {"key-marker", "max-keys", "prefix", "version-id-marker", "versions"},
	"GetObject":          {"versionId"},
	"HeadObject":         {"versionId"},
	"DeleteObject":       {"versionId"},
}

// s3Action names the call; one that the fake does not know by its method and path.
func (r *request) s3Action() string {
	bucket, key := r.s3Path()
	action := ""
	switch method := r.http.Method; {
	case bucket == "" && method == http.MethodGet:
		action = "ListBuckets"
	case bucket == "":
	case key == "" && method == http.MethodHead:
		action = "HeadBucket"
	case key == "" && method == http.MethodGet && r.params.Get("list-type") == "2":
		action = "ListObjectsV2"
	case key == "" && method == http.MethodGet && r.params.Has("versions"):
		action = "ListObjectVersions"
	case key != "":
		action = map[string]string{
			http.MethodPut:    "PutObject",
			http.MethodGet:    "GetObject",
			http.MethodHead:   "HeadObject",
			http.MethodDelete: "DeleteObject",
		}[method]
	}
	for name := range r.params {
		if name != "x-id" && !slices.Contains(s3Queries[action], name) {
			action = ""
		}
	}
	if action == "" {
		return r.http.Method + " " + r.http.URL.Path
	}
	return action
}

func (s *Server) s3(req *request, who *caller) (any, *refusal) {
	switch req.action {
	case "ListBuckets":
		return s.listAll(req, who)
	case "HeadBucket", "ListObjectsV2", "ListObjectVersions", "PutObject", "GetObject", "HeadObject", "DeleteObject":
	default:
		return nil, notImplemented()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ref := s.reachBucket(req, who)
	if ref != nil {
		return nil, ref
	}
	switch req.action {
	case "HeadBucket":
		return s3Plain{status: http.StatusOK}, b.may("s3:ListBucket", "")
	case "ListObjectsV2":
		return b.list(req.params)
	case "ListObjectVersions":
		return b.listVersions(req.params)
	case "PutObject":
		return b.put(req)
	case "DeleteObject":
		return b.delete(req)
	}
	return b.get(req)
}

// reached is a bucket that somebody asks.
type reached struct {
	Bucket
	server *Server
	who    *caller
	owner  string
	held   objects
}

// reachBucket finds the bucket of a request, which must be of the region that the request was signed for.
// The caller holds mu.
func (s *Server) reachBucket(req *request, who *caller) (*reached, *refusal) {
	name, _ := req.s3Path()
	b := s.bucketNamed(name)
	if b == nil {
		return nil, &refusal{http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist"}
	}
	b.who = who
	req.reply.Set("X-Amz-Bucket-Region", b.Region)
	if b.Region != req.auth.region {
		return nil, &refusal{http.StatusMovedPermanently, "PermanentRedirect", "The bucket you are attempting to access must be addressed " +
			"using the specified endpoint. Please send all future requests to this endpoint."}
	}
	return b, nil
}

// bucketNamed finds a bucket of any account; nil when there is none. The caller holds mu.
func (s *Server) bucketNamed(name string) *reached {
	for account, all := range s.buckets {
		at := slices.IndexFunc(all, func(b Bucket) bool { return b.Name == name })
		if at < 0 {
			continue
		}
		if s.objects[name] == nil {
			s.objects[name] = objects{}
		}
		return &reached{Bucket: all[at], server: s, owner: account, held: s.objects[name]}
	}
	return nil
}

// may refuses what the caller's policies do not allow. The fake has no bucket policies, so nobody of another
// account is let in.
func (b *reached) may(action, key string) *refusal {
	resource := "arn:aws:s3:::" + b.Name
	if key != "" {
		resource += "/" + key
	}
	if b.who.account != b.owner {
		return &refusal{http.StatusForbidden, "AccessDenied", "Access Denied"}
	}
	reason, ok := b.server.authorize(b.who, b.server.ask(b.who, action, resource))
	if !ok {
		return &refusal{http.StatusForbidden, "AccessDenied", notAuthorized(b.who, action, `"`+resource+`"`, reason)}
	}
	return nil
}

// noKey is of an object that is not there: whoever may not list is not told.
func (b *reached) noKey() *refusal {
	if ref := b.may("s3:ListBucket", ""); ref != nil {
		return ref
	}
	return &refusal{http.StatusNotFound, "NoSuchKey", "The specified key does not exist."}
}
