package cloudtrail

import (
	"regexp"
	"strings"
	"time"
)

// Trails deliver to BUCKET/PREFIX/AWSLogs/[o-ORG/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/FILE. Beside it
// stand CloudTrail-Digest and CloudTrail-Insight, which hold no calls.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html

var dayInKey = regexp.MustCompile(`/CloudTrail/[a-z0-9-]+/(\d{4})/(\d{2})/(\d{2})/[^/]*$`)

// IsLog reports whether a file of that path may be a log file of CloudTrail.
func IsLog(path string) bool {
	if !strings.HasSuffix(path, ".json.gz") && !strings.HasSuffix(path, ".json") {
		return false
	}
	for _, other := range []string{"CloudTrail-Digest", "CloudTrail-Insight"} {
		if strings.Contains(path, "/"+other+"/") || strings.Contains(path, "_"+other+"_") {
			return false
		}
	}
	return true
}

// LastIn is the end of the day in which the file of that path was delivered: no event in it
// is later. ok is false where the path does not say.
func LastIn(path string) (end time.Time, ok bool) {
	parts := dayInKey.FindStringSubmatch("/" + path)
	if parts == nil {
		return time.Time{}, false
	}
	day, err := time.Parse(time.DateOnly, strings.Join(parts[1:], "-"))
	return day.AddDate(0, 0, 1), err == nil
}
