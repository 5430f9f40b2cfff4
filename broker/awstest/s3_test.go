package awstest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
)

var created = time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)

// listed is name and region, in the order of the answer.
func listed(out *s3.ListBucketsOutput) []string {
	var names []string
	for _, b := range out.Buckets {
		names = append(names, aws.ToString(b.Name)+" "+aws.ToString(b.BucketRegion))
	}
	return names
}

func TestListBucketsFiltersAndSorts(t *testing.T) {
	w := newWorld(t)
	w.AddBuckets(hub, awstest.Bucket{Name: "logs-b", Region: "eu-west-1", Created: created}, awstest.Bucket{Name: "data", Created: created})
	w.AddBuckets(hub, awstest.Bucket{Name: "logs-a", Created: created}, awstest.Bucket{Name: "data", Region: "eu-west-1", Created: created})
	w.AddBuckets(target, awstest.Bucket{Name: "elsewhere"})
	for name, c := range map[string]struct {
		in   s3.ListBucketsInput
		want []string
		code string
	}{
		"all, not paginated": {s3.ListBucketsInput{}, []string{"data ", "logs-a ", "logs-b "}, ""},
		"all":                {s3.ListBucketsInput{MaxBuckets: aws.Int32(10)}, []string{"data eu-west-1", "logs-a us-east-1", "logs-b eu-west-1"}, ""},
		"two":                {s3.ListBucketsInput{MaxBuckets: aws.Int32(2)}, []string{"data eu-west-1", "logs-a us-east-1"}, ""},
		"prefix":             {s3.ListBucketsInput{Prefix: aws.String("logs-")}, []string{"logs-a us-east-1", "logs-b eu-west-1"}, ""},
		"region":             {s3.ListBucketsInput{BucketRegion: aws.String("eu-west-1")}, []string{"data eu-west-1", "logs-b eu-west-1"}, ""},
		"nothing":            {s3.ListBucketsInput{Prefix: aws.String("x")}, nil, ""},
		"another region":     {s3.ListBucketsInput{BucketRegion: aws.String("us-east-1")}, nil, "InvalidArgument"},
		"none at all":        {s3.ListBucketsInput{MaxBuckets: aws.Int32(0)}, nil, "InvalidArgument"},
		"too many":           {s3.ListBucketsInput{MaxBuckets: aws.Int32(10001)}, nil, "InvalidArgument"},
		"foreign token":      {s3.ListBucketsInput{ContinuationToken: aws.String("bm90IG91cnMsIG5vdCBhdCBhbGw=")}, nil, "InvalidArgument"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := w.list(w.alicesCreds, c.in)
			wantError(t, err, c.code, "")
			if err != nil {
				return
			}
			if diff := cmp.Diff(c.want, listed(out)); diff != "" {
				t.Errorf("got (+) instead of want (-):\n%s", diff)
			}
			for _, b := range out.Buckets {
				if !b.CreationDate.Equal(created) {
					t.Errorf("got creation date %s, want %s", b.CreationDate, created)
				}
			}
			if aws.ToString(out.Prefix) != aws.ToString(c.in.Prefix) || out.Owner == nil || len(aws.ToString(out.Owner.ID)) != 64 {
				t.Errorf("got prefix %q and owner %+v", aws.ToString(out.Prefix), out.Owner)
			}
		})
	}
}

func TestHundredThousandBucketsArePaged(t *testing.T) {
	const total = 100_000
	w := newWorld(t)
	all := make([]awstest.Bucket, total)
	for i := range all {
		all[i] = awstest.Bucket{Name: fmt.Sprintf("bucket-%06d", total-1-i), Created: created}
	}
	w.AddBuckets(hub, all...)
	_, err := w.list(w.alicesCreds, s3.ListBucketsInput{})
	wantError(t, err, "InvalidRequest", "above 10,000")

	const within = 1_000 // of prefix bucket-099: the whole would be the SDK's time, not the fake's
	pages, seen, last := 0, 0, ""
	p := s3.NewListBucketsPaginator(w.s3(w.alicesCreds), &s3.ListBucketsInput{MaxBuckets: aws.Int32(99), Prefix: aws.String("bucket-099")})
	for p.HasMorePages() {
		out, err := p.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range out.Buckets {
			if *b.Name <= last {
				t.Fatalf("got %s after %s, want them sorted", *b.Name, last)
			}
			last = *b.Name
		}
		pages, seen = pages+1, seen+len(out.Buckets)
	}
	if pages != 11 || seen != within {
		t.Errorf("got %d buckets on %d pages, want %d on 11", seen, pages, within)
	}
	first, err := w.list(w.alicesCreds, s3.ListBucketsInput{MaxBuckets: aws.Int32(3)})
	if err != nil {
		t.Fatal(err)
	}
	next, err := w.list(w.alicesCreds, s3.ListBucketsInput{MaxBuckets: aws.Int32(1), ContinuationToken: first.ContinuationToken})
	if err != nil || len(next.Buckets) != 1 || *next.Buckets[0].Name != "bucket-000003" {
		t.Errorf("got %+v (%v), want bucket-000003 after the first three", next, err)
	}
	out, err := w.list(w.alicesCreds, s3.ListBucketsInput{Prefix: aws.String("bucket-00001"), MaxBuckets: aws.Int32(10)})
	if err != nil || len(out.Buckets) != 10 || out.ContinuationToken != nil {
		t.Errorf("got %+v (%v), want ten buckets and no further page", out, err)
	}
}

func TestRolePermissionsDecideOnEachCall(t *testing.T) {
	for name, c := range map[string]struct {
		role awstest.Role
		want string
	}{
		"allowed":           {awstest.Role{}, ""},
		"denied":            {awstest.Role{Deny: []string{"s3:ListAllMyBuckets"}}, accessDenied},
		"denied by pattern": {awstest.Role{Deny: []string{"s3:*"}}, accessDenied},
		"MFA on each call":  {awstest.Role{RequireMFAOnEachCall: true}, accessDenied},
	} {
		w := newWorld(t)
		w.AddBuckets(target, awstest.Bucket{Name: "prod-logs"})
		c.role.Account, c.role.Name, c.role.Trust = target, "OnCall", awstest.Trust{Principals: []string{"*"}}
		w.AddRole(c.role)
		out, err := w.list(w.mustAssume(w.withMFA()), s3.ListBucketsInput{})
		if got := code(err); got != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if err != nil {
			if want := "assumed-role/OnCall/alice@example.com is not authorized to perform: s3:ListAllMyBuckets"; !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q in it", name, err, want)
			}
		} else if got := listed(out); !cmp.Equal(got, []string{"prod-logs "}) {
			t.Errorf("%s: got %q, want the role's account's bucket", name, got)
		}
	}
}

func TestSecretsAreFoundByNameAndARN(t *testing.T) {
	w := newWorld(t)
	w.PutSecret(hub, "assumebot/alice", `{"access_key_id":"A/+="}`)
	w.PutSecret(target, "other", "x")
	get := func(creds aws.Credentials, id string) (*secretsmanager.GetSecretValueOutput, error) {
		return w.secrets(creds).GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: &id})
	}
	out, err := get(w.alicesCreds, "assumebot/alice")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *out.SecretString, `{"access_key_id":"A/+="}`; got != want || !out.CreatedDate.Equal(w.clock.now()) {
		t.Errorf("got %s of %s, want %s of %s", got, out.CreatedDate, want, w.clock.now())
	}
	role := w.mustAssume(sts.AssumeRoleInput{Policy: aws.String(`{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`)})
	for name, c := range map[string]struct {
		creds aws.Credentials
		id    string
		code  string
	}{
		"whole ARN":         {w.alicesCreds, *out.ARN, ""},
		"ARN without end":   {w.alicesCreds, strings.TrimSuffix(*out.ARN, (*out.ARN)[len(*out.ARN)-7:]), ""},
		"wrong end":         {w.alicesCreds, (*out.ARN)[:len(*out.ARN)-1] + "?", "ResourceNotFoundException"},
		"unknown":           {w.alicesCreds, "nothing", "ResourceNotFoundException"},
		"another account's": {w.alicesCreds, strings.Replace(*out.ARN, hub, target, 1), "AccessDeniedException"},
		"its name":          {w.alicesCreds, "other", "ResourceNotFoundException"},
		"session policy":    {role, "other", "AccessDeniedException"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := get(c.creds, c.id)
			wantError(t, err, c.code, "")
		})
	}
	w.DeleteSecret(hub, "assumebot/alice")
	_, err = get(w.alicesCreds, "assumebot/alice")
	wantError(t, err, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}
