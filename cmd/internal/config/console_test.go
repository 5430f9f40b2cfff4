package config

import "testing"

func TestParseConfigTakesASigninEndpointThatKeepsSecrets(t *testing.T) {
	rest := goodSlack + goodUsers + goodAccount
	for _, endpoint := range []string{"https://eu-west-1.signin.aws.amazon.com/federation", "http://127.0.0.1:4566/federation", "http://[::1]:4566/federation"} {
		if got := mustParse(t, rest+"signin_endpoint: "+endpoint+"\n", nil).Broker.SigninEndpoint; got != endpoint {
			t.Errorf("got %q, want %q", got, endpoint)
		}
	}
	runProblemTests(t, []problemTest{
		{"no URL", rest + "signin_endpoint: signin\n", nil, []string{"4:18 not an http or https URL"}},
		{"no host", rest + "signin_endpoint: 'https:///federation'\n", nil, []string{"4:18 not an http or https URL"}},
		{"other scheme", rest + "signin_endpoint: ftp://signin.aws.amazon.com/\n", nil, []string{"4:18 not an http or https URL"}},
		{"in clear", rest + "signin_endpoint: http://signin.aws.amazon.com/federation\n", nil, []string{"4:18 travel in clear"}},
		{"another host", rest + "signin_endpoint: https://signin.example/federation\n",
			nil, []string{"4:18 signin_endpoint is no sign-in host of AWS, and whole credentials are sent there"}},
		{"a host of a customer", rest + "signin_endpoint: https://x.execute-api.eu-west-1.amazonaws.com/federation\n", nil, []string{"4:18 no sign-in host of AWS"}},
		{"password", rest + "signin_endpoint: https://u:p@signin.aws.amazon.com/federation\n", nil, []string{"4:18 remove user"}},
		{"query", rest + "signin_endpoint: https://signin.aws.amazon.com/federation?Action=login\n", nil, []string{"4:18 remove user, query"}},
		{"number", rest + "signin_endpoint: 8080\n", nil, []string{"4:18 put it in quotes"}},
	})
}
