package awsapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/assumebot/assumebot/broker/endpoint"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
)

func TestASigninEndpointIsAWSsOrOnThisMachine(t *testing.T) {
	for _, endpoint := range []string{
		"https://signin.aws.amazon.com/federation", "https://eu-west-1.signin.aws.amazon.com/federation", "https://signin.amazonaws.cn/federation",
		"https://signin.amazonaws-us-gov.com/federation", "https://us-gov-west-1.signin.amazonaws-us-gov.com:443/federation",
		"https://eusc-de-east-1.signin.amazonaws-eusc.eu/federation", "https://EU-west-1.SIGNIN.aws.amazon.com/federation",
		"http://127.0.0.1:4566/federation", "https://localhost:4566/federation", "http://[::1]:1/",
	} {
		if err := CheckSigninEndpoint(endpoint); err != nil {
			t.Errorf("%s: got %v, want it taken", endpoint, err)
		}
	}
	for _, endpoint := range []string{
		"https://signin.example/federation", "https://signin.aws.amazon.com.example/federation", "https://evil-signin.aws.amazon.com/",
		"https://x.signin.aws.amazon.com/", "https://eu-west-1.signin.aws.amazon.com@evil.example/", "https://evil.example/signin.aws.amazon.com",
		"https://signin.aws.amazon.com:8443/", "http://signin.aws.amazon.com/", "https://s3.amazonaws.com/", "https://abc.execute-api.eu-west-1.amazonaws.com/",
		"https://eu-west-1.evil.signin.aws.amazon.com/", "https://signin.aws.amazon.com\n.example/",
	} {
		if err := CheckSigninEndpoint(endpoint); err == nil {
			t.Errorf("%q was taken, want it refused", endpoint)
		}
	}
}

// TestEveryEndpointThatTheSDKChoosesIsAWSs keeps the list of domains whole.
func TestEveryEndpointThatTheSDKChoosesIsAWSs(t *testing.T) {
	ctx := t.Context()
	for _, region := range []string{"eu-west-1", "us-east-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1", "us-iso-east-1", "us-isob-east-1",
		"us-isof-south-1", "eu-isoe-west-1"} {
		for _, dual := range []bool{false, true} {
			r, d := aws.String(region), aws.Bool(dual)
			check := func(service, url string, err error) {
				if err == nil {
					err = CheckEndpoint(url, false)
				} else {
					return // this partition has no such endpoint
				}
				if err != nil {
					t.Errorf("%s in %s, dual-stack %v: %s %v", service, region, dual, url, err)
				}
			}
			e, err := sts.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sts.EndpointParameters{Region: r, UseDualStack: d})
			check("STS", e.URI.String(), err)
			e, err = s3.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, s3.EndpointParameters{Region: r, UseDualStack: d})
			check("S3", e.URI.String(), err)
			e, err = iam.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, iam.EndpointParameters{Region: r, UseDualStack: d})
			check("IAM", e.URI.String(), err)
			e, err = secretsmanager.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, secretsmanager.EndpointParameters{Region: r, UseDualStack: d})
			check("Secrets Manager", e.URI.String(), err)
		}
	}
	if err := CheckEndpoint("https://vpce-0123-abcd.sts.eu-west-1.vpce.amazonaws.com", false); err != nil {
		t.Errorf("a VPC endpoint: %v", err)
	}
}

// quietAWS is an environment without what the machine has set.
func quietAWS(t *testing.T, sharedConfig string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(sharedConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("AWS_CONFIG_FILE", path)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "absent"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func newQuietAWS(t *testing.T) (*Client, error) {
	t.Helper()
	return New(t.Context(), "eu-west-1", os.Getenv, time.Now)
}

func TestNoEndpointLeadsOutInClearOrToSomebodyElse(t *testing.T) {
	const clear, foreign = "http://10.0.0.1:4566", "https://sts.example"
	tests := []struct {
		name, variable, value, file, want string
	}{
		{"STS in clear", "AWS_ENDPOINT_URL_STS", clear, "", "AWS_ENDPOINT_URL_STS is http"},
		{"IAM in clear", "AWS_ENDPOINT_URL_IAM", clear, "", "AWS_ENDPOINT_URL_IAM is http"},
		{"SSO in clear", "AWS_ENDPOINT_URL_SSO", clear, "", "AWS_ENDPOINT_URL_SSO is http"},
		{"SSO's tokens in clear", "AWS_ENDPOINT_URL_SSO_OIDC", clear, "", "AWS_ENDPOINT_URL_SSO_OIDC is http"},
		{"sign-in in clear", "AWS_ENDPOINT_URL_SIGNIN", clear, "", "AWS_ENDPOINT_URL_SIGNIN is http"},
		{"all to somebody else", "AWS_ENDPOINT_URL", foreign, "", "AWS_ENDPOINT_URL is no host of AWS"},
		{"the profile's", "", "", "[default]\nendpoint_url = " + clear + "\n", "endpoint_url of the profile default is http"},
		{"the profile's, to somebody else", "", "", "[default]\nendpoint_url = " + foreign + "\n", "endpoint_url of the profile default is no host of AWS"},
		{"a service's", "", "", "[default]\nservices = mine\n[services mine]\nsts =\n  endpoint_url = " + clear + "\n",
			"endpoint_url of sts, in the services section of the profile default is http"},
		{"a lookalike", "AWS_ENDPOINT_URL", "https://amazonaws.com.example", "", "is no host of AWS"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			quietAWS(t, test.file)
			if test.variable != "" {
				t.Setenv(test.variable, test.value)
			}
			_, err := newQuietAWS(t)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
			t.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
			if _, err := newQuietAWS(t); err != nil {
				t.Errorf("ignored: got %v, want none", err)
			}
			t.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "")
			t.Setenv(AcceptForeignEndpoint, endpoint.Accepted)
			_, err = newQuietAWS(t)
			if accepted := err == nil; accepted != strings.Contains(test.want, "no host of AWS") {
				t.Errorf("accepted: got %v", err)
			}
		})
	}
}

// TestWhatSlipsThroughIsRefusedBeforeItLeaves has the profile of one person lead
// elsewhere, which is read with each request, and a client whose endpoint was
// changed after all was looked at.
func TestWhatSlipsThroughIsRefusedBeforeItLeaves(t *testing.T) {
	quietAWS(t, "[profile bob]\nendpoint_url = http://10.0.0.1:1\nrole_arn = arn:aws:iam::111111111111:role/x\nsource_profile = keys\n"+
		"[profile keys]\naws_access_key_id = AKIA00000000\naws_secret_access_key = secret\n")
	a, err := newQuietAWS(t)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.readKey(t.Context(), policy.User{Key: policy.KeySource{Profile: "bob"}}, &sending{}); err == nil ||
		!strings.Contains(keyFailure(policy.KeySource{Profile: "bob"}, err, &sending{}), "endpoint_url of the profile bob is http") {
		t.Errorf("bob's profile: got %v, want it refused", err)
	}
	var asked bool
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	elsewhere := strings.Replace(server.URL, "127.0.0.1", "0.0.0.0", 1) // reaches the server, and is no loopback address
	ctx, sent := withSending(context.Background())
	_, err = a.sts.GetSessionToken(ctx, &sts.GetSessionTokenInput{}, once(secret.Credentials{AccessKeyID: "a", SecretAccessKey: secret.New("b")}),
		func(o *sts.Options) { o.BaseEndpoint = &elsewhere })
	if err == nil || sent.arrivalOf(ctx, err, "") != misdirected || asked {
		t.Errorf("got %v, asked %v, want a refusal before anything left", err, asked)
	}
}

// TestNoRedirectIsFollowed, whether or not what was asked has a body: nobody has
// looked at where it leads.
func TestNoRedirectIsFollowed(t *testing.T) {
	quietAWS(t, "")
	var followed []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { followed = append(followed, r.Method) }))
	defer elsewhere.Close()
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, status))
		t.Cleanup(server.Close)
		t.Setenv("AWS_ENDPOINT_URL", server.URL)
		a, err := newQuietAWS(t)
		if err != nil {
			t.Fatal(err)
		}
		key := secret.Credentials{AccessKeyID: "a", SecretAccessKey: secret.New("b"), SessionToken: secret.New("c")}
		_, err = a.bucketsClient(a.config.Region).ListBuckets(t.Context(), &s3.ListBucketsInput{},
			func(o *s3.Options) { o.Credentials, o.Retryer = signing(key), aws.NopRetryer{} })
		if statusOf(err) != status {
			t.Errorf("S3, %d: got %v, want that it is the answer", status, err)
		}
		_, err = a.sts.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{TokenCode: aws.String("123456")}, once(key))
		if statusOf(err) != status {
			t.Errorf("STS, %d: got %v, want that it is the answer", status, err)
		}
	}
	if len(followed) > 0 {
		t.Errorf("got %v at where the redirects lead, want nothing", followed)
	}
}

// TestAnAddressIsNoHostOfAWSs, whatever zone it is in: the system takes a zone
// that it does not know for none.
func TestAnAddressIsNoHostOfAWSs(t *testing.T) {
	for _, endpoint := range []string{
		"https://[2001:db8::1%25.amazonaws.com]", "https://[2001:db8::1%25x.amazonaws.com]:443", "https://[::ffff:192.0.2.1%25a.api.aws]",
		"https://192.0.2.1", "https://3221225985", "https://0xc0000201", "https://sts.amazonaws.com@192.0.2.1", "https://amazonaws.com..example",
		"https://sts\u3002amazonaws.com.example", "http://127.1", "http://2130706433", "http://[::1%25lo]",
	} {
		if err := CheckEndpoint(endpoint, false); err == nil {
			t.Errorf("%s was taken, want it refused", endpoint)
		}
	}
}
