package awstest

import (
	"encoding/xml"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxKeys is the largest and default page of a list of objects.
const maxKeys = 1000

type objectXML struct {
	Key, LastModified, ETag string
	Size                    int
	StorageClass            string
}

type listObjectsXML struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name, Prefix          string
	KeyCount, MaxKeys     int
	IsTruncated           bool
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	Contents              []objectXML
}

// list is https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
func (b *reached) list(p url.Values) (any, *refusal) {
	if ref := b.may("s3:ListBucket", ""); ref != nil {
		return nil, ref
	}
	size, ok := pageSize(p)
	after, tokenOK := tokenName(b.owner, p.Get("continuation-token"))
	if !ok || !tokenOK {
		return nil, invalidArgument("The continuation token or max-keys provided is incorrect")
	}
	out := listObjectsXML{
		Name: b.Name, Prefix: p.Get("prefix"), MaxKeys: size,
		ContinuationToken: p.Get("continuation-token"), StartAfter: p.Get("start-after"),
	}
	after = max(after, out.StartAfter)
	for _, key := range slices.Sorted(maps.Keys(b.held)) {
		v := b.held.current(key)
		if v == nil || key <= after || !strings.HasPrefix(key, out.Prefix) {
			continue
		}
		if len(out.Contents) == size {
			out.IsTruncated = true
			if size > 0 {
				out.NextContinuationToken = nameToken(b.owner, out.Contents[size-1].Key)
			}
			break
		}
		out.Contents = append(out.Contents, objectXML{
			Key: key, LastModified: v.modified.UTC().Format(s3Time), ETag: v.etag, Size: len(v.data), StorageClass: "STANDARD",
		})
	}
	out.KeyCount = len(out.Contents)
	return out, nil
}

type versionXML struct {
	XMLName      xml.Name // Version or DeleteMarker
	Key          string
	VersionID    string `xml:"VersionId"`
	IsLatest     bool
	LastModified string
	ETag         string `xml:",omitempty"`
	Size         int
}

type listVersionsXML struct {
	XMLName             xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListVersionsResult"`
	Name, Prefix        string
	KeyMarker           string
	VersionIDMarker     string `xml:"VersionIdMarker"`
	NextKeyMarker       string `xml:",omitempty"`
	NextVersionIDMarker string `xml:"NextVersionIdMarker,omitempty"`
	MaxKeys             int
	IsTruncated         bool
	Versions            []versionXML
}

// listVersions is https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
func (b *reached) listVersions(p url.Values) (any, *refusal) {
	if ref := b.may("s3:ListBucketVersions", ""); ref != nil {
		return nil, ref
	}
	size, ok := pageSize(p)
	out := listVersionsXML{Name: b.Name, Prefix: p.Get("prefix"), KeyMarker: p.Get("key-marker"), VersionIDMarker: p.Get("version-id-marker"), MaxKeys: size}
	if !ok || out.VersionIDMarker != "" && out.KeyMarker == "" {
		return nil, invalidArgument("A version-id marker cannot be specified without a key marker.")
	}
	for _, v := range b.sortedVersions(out.KeyMarker, out.VersionIDMarker) {
		if !strings.HasPrefix(v.Key, out.Prefix) {
			continue
		}
		if len(out.Versions) == size {
			out.IsTruncated = true
			if size > 0 {
				last := out.Versions[size-1]
				out.NextKeyMarker, out.NextVersionIDMarker = last.Key, last.VersionID
			}
			break
		}
		out.Versions = append(out.Versions, v)
	}
	return out, nil
}

// sortedVersions are those after a version of a key; without a version, after the key. They are in order of
// keys, of one key the newest first.
func (b *reached) sortedVersions(afterKey, afterVersion string) []versionXML {
	var all []versionXML
	for _, key := range slices.Sorted(maps.Keys(b.held)) {
		if key < afterKey || key == afterKey && afterVersion == "" && afterKey != "" {
			continue
		}
		skipping := key == afterKey && afterKey != ""
		for i, v := range slices.Backward(b.held[key]) {
			if !skipping {
				x := versionXML{XMLName: xml.Name{Local: "Version"}, Key: key, VersionID: v.id, ETag: v.etag, Size: len(v.data)}
				if v.marker {
					x.XMLName.Local = "DeleteMarker"
				}
				x.IsLatest, x.LastModified = i == len(b.held[key])-1, v.modified.UTC().Format(s3Time)
				all = append(all, x)
			}
			skipping = skipping && v.id != afterVersion
		}
	}
	return all
}

func pageSize(p url.Values) (int, bool) {
	if !p.Has("max-keys") {
		return maxKeys, true
	}
	n, err := strconv.Atoi(p.Get("max-keys"))
	return min(n, maxKeys), err == nil && n >= 0
}
