package awsapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/assumebot/assumebot/broker/endpoint"
	"github.com/assumebot/assumebot/broker/text"
)

// Codes and credentials go to AWS's own hosts over TLS, or to a fake on this
// machine. What overrides the SDK's endpoints is looked at when it is read: the
// environment, and the profiles and services sections of the shared config. What
// slips through, a profile that changed since for one, is refused before a
// request leaves.

// AcceptForeignEndpoint is the environment variable that, set to [endpoint.Accepted], lets
// AWS be reached at https hosts that are not AWS's own.
const AcceptForeignEndpoint = "AWS_FOREIGN_ENDPOINT"

// awsDomains are those that the SDK's endpoints of all partitions are in, VPC
// endpoints too.
var awsDomains = []string{
	"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "aws.amazon.com", "signin.aws", "amazonaws.cn", "amazonaws-us-gov.com", "amazonaws-eusc.eu",
	"api.aws", "api.amazonwebservices.com.cn", "api.amazonwebservices.eu",
	"c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov", "c2shome.ic.gov", "sc2shome.sgov.gov", "csphome.adc-e.uk", "csphome.hci.ic.gov",
	"api.aws.ic.gov", "api.aws.scloud", "api.cloud-aws.adc-e.uk", "api.aws.hci.ic.gov",
}

// signinHost is a sign-in host of a partition, or of one of its regions.
// https://docs.aws.amazon.com/general/latest/gr/signin-service.html
var signinHost = text.NewPattern(`^(?:[a-z]{2,4}(?:-[a-z]+)+-\d+\.)?(?:signin\.(?:aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com|amazonaws-eusc\.eu|` +
	`c2shome\.ic\.gov|sc2shome\.sgov\.gov|csphome\.hci\.ic\.gov|csphome\.adc-e\.uk)|signin-fips\.amazonaws-us-gov\.com)$`)

// CheckSigninEndpoint says what is wrong with raw as the place where console
// sign-in asks for its token, which it sends whole credentials to. It never
// repeats raw, which may hold a password.
func CheckSigninEndpoint(raw string) error {
	const example = "https://eu-west-1.signin.aws.amazon.com/federation"
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("is not an http or https URL: write one such as " + example + ", or remove it for AWS's own")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("must be a scheme, a host and a path alone: remove user, query and fragment")
	case endpoint.Loopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return errors.New("is http, and credentials would travel in clear: use https (http is for 127.0.0.1, ::1 and localhost)")
	case !signinHost.MatchString(strings.ToLower(u.Hostname())) || u.Port() != "" && u.Port() != "443":
		return errors.New("is no sign-in host of AWS, and whole credentials are sent there: write one such as " + example + ", or remove it for AWS's own")
	}
	return nil
}

// CheckEndpoint says what is wrong with raw as an endpoint of AWS. Foreign lets
// it be an https host of somebody else's. It never repeats raw.
func CheckEndpoint(raw string, foreign bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("is no https URL: write one such as https://sts.eu-west-1.amazonaws.com, or remove it")
	case endpoint.Loopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return errors.New("is http, and codes and credentials would travel in clear: use https (http is for 127.0.0.1, ::1 and localhost)")
	case !foreign && !ofAWS(u.Hostname()):
		return fmt.Errorf("is no host of AWS, and codes would go there: remove it, or set %s=%s", AcceptForeignEndpoint, endpoint.Accepted)
	}
	return nil
}

func ofAWS(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if strings.ContainsAny(host, ":%") { // an address: its zone may read like a domain
		return false
	}
	return slices.ContainsFunc(awsDomains, func(domain string) bool { return host == domain || strings.HasSuffix(host, "."+domain) })
}

// loadConfig is the SDK's own. It refuses endpoints that nothing may be sent to, and
// its errors may be logged. Its own logger, which writes to standard error, is silent:
// what matters comes back as an error.
func loadConfig(ctx context.Context, foreign bool, options ...func(*config.LoadOptions) error) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, append(options, config.WithAPIOptions(guards(foreign)), config.WithLogger(logging.Nop{}))...)
	if err != nil {
		return aws.Config{}, err
	}
	return cfg, checkEndpoints(ctx, cfg, foreign)
}

// guards stand around every call.
func guards(foreign bool) []func(*middleware.Stack) error {
	return []func(*middleware.Stack) error{func(s *middleware.Stack) error {
		return errors.Join(s.Deserialize.Add(endpointWall{foreign}, middleware.After), s.Deserialize.Add(errorCleaner{}, middleware.Before))
	}}
}

// checkEndpoints looks at every override that the SDK would follow.
func checkEndpoints(ctx context.Context, cfg aws.Config, foreign bool) error {
	if ignored, _, err := config.GetIgnoreConfiguredEndpoints(ctx, cfg.ConfigSources); err == nil && ignored {
		return nil
	}
	found := map[string]string{}
	for _, source := range cfg.ConfigSources {
		switch s := source.(type) {
		case config.EnvConfig:
			for _, variable := range os.Environ() {
				if name, v, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_ENDPOINT_URL") {
					found[name] = v
				}
			}
		case config.SharedConfig:
			found["endpoint_url of the profile "+s.Profile] = s.BaseEndpoint
			for service, values := range s.Services.ServiceValues {
				found["endpoint_url of "+service+", in the services section of the profile "+s.Profile] = values["endpoint_url"]
			}
		}
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if found[name] == "" {
			continue
		}
		if err := CheckEndpoint(found[name], foreign); err != nil {
			problems = append(problems, &endpointError{fmt.Sprintf("%s %v", text.Printable(name), err)})
		}
	}
	return errors.Join(problems...)
}

// An endpointError is an endpoint that nothing is sent to.
type endpointError struct{ text string }

func (e *endpointError) Error() string { return e.text }

// An endpointWall refuses a request before it leaves.
type endpointWall struct{ foreign bool }

// ID implements [middleware.DeserializeMiddleware].
func (endpointWall) ID() string { return "assumebot:EndpointWall" }

// metadataHosts are where AWS hands a machine or container its own role, in
// clear and link-local.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
var metadataHosts = []string{"169.254.169.254", "fd00:ec2::254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"}

// HandleDeserialize implements [middleware.DeserializeMiddleware].
func (w endpointWall) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput,
	next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	r, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return middleware.DeserializeOutput{}, middleware.Metadata{}, &endpointError{"a request of an unknown kind"}
	}
	if !slices.Contains(metadataHosts, r.URL.Hostname()) {
		if err := CheckEndpoint(r.URL.Scheme+"://"+r.URL.Host, w.foreign); err != nil {
			return middleware.DeserializeOutput{}, middleware.Metadata{}, &endpointError{"the endpoint " + text.Printable(r.URL.Host) + " " + err.Error()}
		}
	}
	return next.HandleDeserialize(ctx, in)
}
