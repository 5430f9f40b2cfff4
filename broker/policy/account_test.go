package policy_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
)

func TestAccountNames(t *testing.T) {
	for name, good := range map[string]bool{
		"prod": true, "prod-eu.west_1": true, "a": true, "123456789012-prod": true, "7up": true, strings.Repeat("a", 63): true,
		"": false, "Prod": false, "-prod": false, "prod.": false, "pr od": false, "123456": false, "12-34": false,
		"for": false, "whoami": false, strings.Repeat("a", 64): false,
	} {
		if err := policy.CheckAccountName(name); (err == nil) != good {
			t.Errorf("CheckAccountName(%q) = %v, want good %v", name, err, good)
		}
	}
}

func TestSessionNamesAreCleanedAndNeverCut(t *testing.T) {
	for name, want := range map[string]string{
		"alice@example.com": "alice@example.com", "Alice Example": "Alice-Example", " bob ": "bob", "josé": "jos",
		"a": "", "é": "", strings.Repeat("a", 65): "", "aws:x": "aws-x",
	} {
		got, err := policy.SessionName(name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("SessionName(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestSessionNamesOfTheConfigAreTakenAsTheyStand(t *testing.T) {
	for name, good := range map[string]bool{
		"alice": true, "alice@example.com": true, "-Alice-": true, "al": true, strings.Repeat("a", 64): true,
		"a": false, "": false, "Alice Example": false, "josé": false, "aws:x": false, "*": false, "al*": false, strings.Repeat("a", 65): false,
	} {
		if err := policy.CheckSessionName(name); (err == nil) != good {
			t.Errorf("CheckSessionName(%q) = %v, want good %v", name, err, good)
		}
	}
}

func TestShapesOfARNsAndSerials(t *testing.T) {
	roles := map[string]bool{
		"arn:aws:iam::123456789012:role/Name": true, "arn:aws-cn:iam::123456789012:role/path/to/Name": true,
		"arn:aws:iam::12345678901:role/Name": false, "arn:aws:iam::123456789012:user/Name": false, "": false,
		"arn:aws:iam::123456789012:role/" + strings.Repeat("n", 65): false,
		"arn:aws:iam::123456789012:role/a!:$~/Name":                 true,
		"arn:aws:iam::123456789012:role/*/Name":                     false, "arn:aws:iam::123456789012:role/a?/Name": false,
	}
	for s, good := range roles {
		if _, err := policy.ParseRoleARN(s); (err == nil) != good {
			t.Errorf("ParseRoleARN(%q): %v, want good %v", s, err, good)
		}
	}
	for s, good := range map[string]bool{
		"arn:aws:iam::aws:policy/job-function/Billing": true, "arn:aws:iam::123456789012:policy/Name": true, "arn:aws:iam::123456789012:policy/*": false,
		"arn:aws:iam::123456789012:policy/a?/Name": false, "arn:aws:iam::123456789012:policy/": false, "arn:aws:iam::aws:policy/a;b": false,
	} {
		if err := policy.CheckPolicyARN(s); (err == nil) != good {
			t.Errorf("CheckPolicyARN(%q): %v, want good %v", s, err, good)
		}
	}
	serials := map[string]bool{
		"arn:aws:iam::123456789012:mfa/alice": true, "GAHT12345678": true, "arn:aws:iam::123456789012:mfa/team/alice": true,
		"arn:aws:iam::123456789012:u2f/user/alice/key": false, "arn:aws:iam::1234:mfa/alice": false, "short": false, "has space 123": false,
	}
	for s, good := range serials {
		if err := policy.CheckMFASerial(s); (err == nil) != good {
			t.Errorf("CheckMFASerial(%q): %v, want good %v", s, err, good)
		}
	}
	for s, good := range map[string]bool{"ab": true, strings.Repeat("x", 1224): true, "a": false, strings.Repeat("x", 1225): false, "a b": false} {
		if err := policy.CheckExternalID(s); (err == nil) != good {
			t.Errorf("CheckExternalID(%d characters): %v, want good %v", len(s), err, good)
		}
	}
}

// TestTermsAreAllThatDecidesWhatCredentialsMayDo: a field that is not named here has
// to change them, or an approval would stay good for more than it was given for.
func TestTermsAreAllThatDecidesWhatCredentialsMayDo(t *testing.T) {
	without := map[string]string{
		"Name":            "an approval is for an alias",
		"Region":          "it is for the snippet alone",
		"DefaultDuration": "an approval is for a duration",
		"MaxDuration":     "an approval is for a duration",
		"Rules":           "they are asked again when the approval is used",
		"Revoker":         "it takes away, and gives nothing",
		"OutsideRules":    "it silences a warning",
		"SealRequired":    "it decides how they are shown",
		"DMLife":          "it decides how they are shown",
	}
	plain := policy.Account{}.Terms()
	for field := range reflect.TypeFor[policy.Account]().Fields() {
		var a policy.Account
		v := reflect.ValueOf(&a).Elem().FieldByIndex(field.Index)
		switch v.Interface().(type) {
		case map[string]string:
			v.Set(reflect.ValueOf(map[string]string{"team": "a"}))
		case []string:
			v.Set(reflect.ValueOf([]string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}))
		case policy.Rules:
			v.Set(reflect.ValueOf(policy.Rules{Deny: []string{"*"}}))
		case bool:
			v.SetBool(true)
		case time.Duration:
			v.SetInt(int64(time.Hour))
		default:
			v.SetString("x")
		}
		_, free := without[field.Name]
		if changed := a.Terms() != plain; changed == free {
			t.Errorf("%s: changes the terms: %v, want %v", field.Name, changed, !free)
		}
	}
}
