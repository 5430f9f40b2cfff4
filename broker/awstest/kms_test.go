package awstest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/awstest"
)

var (
	sealing = awstest.KMSKey{Account: hub, Region: "eu-west-1", ID: "1234abcd-12ab-34cd-56ef-1234567890ab", Alias: "alias/assumebot"}
	another = awstest.KMSKey{Account: hub, Region: "eu-west-1", ID: "99999999-12ab-34cd-56ef-1234567890ab"}
	forSeal = map[string]string{"purpose": "seal", "origin": "example.com/bot"}
)

func kmsWorld(t *testing.T) (*world, *kms.Client) {
	w := newWorld(t)
	w.AddKMSKey(sealing)
	w.AddKMSKey(another)
	return w, kms.NewFromConfig(w.config(w.alicesCreds))
}

func encrypted(t *testing.T, c *kms.Client, plain string) []byte {
	t.Helper()
	out, err := c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String(sealing.ARN()), Plaintext: []byte(plain), EncryptionContext: forSeal})
	if err != nil {
		t.Fatal(err)
	}
	return out.CiphertextBlob
}

// TestKMSHasTheWireOfTheSDK holds each call to what AWS's own client sends, byte for byte, and each answer to the
// members that the client reads, so that neither side can be wrong in the same way.
func TestKMSHasTheWireOfTheSDK(t *testing.T) {
	w, _ := kmsWorld(t)
	var sent, answered string
	wire := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent = r.Method + " " + r.URL.RequestURI() + "\n" + r.Header.Get("Content-Type") + "\n" + r.Header.Get("X-Amz-Target") + "\n" + string(body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		to, _ := url.Parse(w.URL())
		proxy := &httputil.ReverseProxy{
			Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to); p.Out.Host = r.Host }, // the signature covers the host
			ModifyResponse: func(a *http.Response) error {
				body, err := io.ReadAll(a.Body)
				answered, a.Body = a.Header.Get("Content-Type")+"\n"+string(body), io.NopCloser(bytes.NewReader(body))
				return err
			},
		}
		proxy.ServeHTTP(rw, r)
	}))
	defer wire.Close()
	cfg := w.config(w.alicesCreds)
	cfg.BaseEndpoint = &wire.URL
	c := kms.NewFromConfig(cfg)

	const head = "POST /\napplication/x-amz-json-1.1\nTrentService."
	context := `"EncryptionContext":{"origin":"example.com/bot"}`
	in := map[string]string{"origin": "example.com/bot"}
	blob := []byte(nil)
	for _, call := range []struct {
		name, want string
		do         func() (any, error)
		gives      []string
	}{
		{
			"Encrypt", `{` + context + `,"KeyId":"alias/assumebot","Plaintext":"Y2xlYXI="}`,
			func() (any, error) {
				out, err := c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String("alias/assumebot"), Plaintext: []byte("clear"), EncryptionContext: in})
				return out, err
			},
			[]string{"CiphertextBlob", "EncryptionAlgorithm", "KeyId"},
		}, {
			"GenerateDataKeyWithoutPlaintext", `{` + context + `,"KeyId":"alias/assumebot","KeySpec":"AES_256"}`,
			func() (any, error) {
				out, err := c.GenerateDataKeyWithoutPlaintext(t.Context(), &kms.GenerateDataKeyWithoutPlaintextInput{
					KeyId: aws.String("alias/assumebot"), KeySpec: types.DataKeySpecAes256, EncryptionContext: in,
				})
				blob = []byte("AQID")
				return out, err
			},
			[]string{"CiphertextBlob", "KeyId", "KeyMaterialId"},
		}, {
			"Decrypt", `{"CiphertextBlob":"QVFJRA==",` + context + `,"KeyId":"alias/assumebot"}`,
			func() (any, error) {
				out, err := c.Decrypt(t.Context(), &kms.DecryptInput{KeyId: aws.String("alias/assumebot"), CiphertextBlob: blob, EncryptionContext: in})
				if code(err) == "InvalidCiphertextException" {
					err = nil
				}
				return out, err
			},
			nil,
		},
	} {
		out, err := call.do()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(head+call.name+"\n"+call.want, sent); diff != "" {
			t.Errorf("%s: what is sent (-want +got):\n%s", call.name, diff)
		}
		media, body, _ := strings.Cut(answered, "\n")
		if media != "application/x-amz-json-1.1" {
			t.Errorf("%s: got the media type %s", call.name, media)
		}
		if call.gives == nil {
			if body != `{"__type":"InvalidCiphertextException"}` {
				t.Errorf("%s: got %s, want AWS's refusal, which gives no reason", call.name, body)
			}
			continue
		}
		var members map[string]any
		if err := json.Unmarshal([]byte(body), &members); err != nil {
			t.Fatal(err)
		}
		got := slices.Sorted(maps.Keys(members))
		if diff := cmp.Diff(call.gives, got); diff != "" {
			t.Errorf("%s: members of the answer (-want +got):\n%s", call.name, diff)
		}
		for _, name := range got { // each is one that the client has a place for, and has read
			if f := reflect.ValueOf(out).Elem().FieldByName(name); !f.IsValid() || f.IsZero() {
				t.Errorf("%s: the SDK read no %s", call.name, name)
			}
		}
	}
}

func TestKMSOpensWhatItWrapped(t *testing.T) {
	w, c := kmsWorld(t)
	first := encrypted(t, c, "clear")
	w.RotateKMSKey(sealing.ARN())
	made, err := c.GenerateDataKeyWithoutPlaintext(t.Context(), &kms.GenerateDataKeyWithoutPlaintextInput{
		KeyId: aws.String(sealing.ID), NumberOfBytes: aws.Int32(32), EncryptionContext: forSeal,
	})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(made.KeyId) != sealing.ARN() {
		t.Errorf("got %s, want the whole ARN whatever was asked", aws.ToString(made.KeyId))
	}
	old, err := c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: first, EncryptionContext: forSeal})
	if err != nil {
		t.Fatal("before the rotation:", err)
	}
	opened, err := c.Decrypt(t.Context(), &kms.DecryptInput{KeyId: aws.String(sealing.ARN()), CiphertextBlob: made.CiphertextBlob, EncryptionContext: forSeal})
	if err != nil {
		t.Fatal(err)
	}
	if string(old.Plaintext) != "clear" || len(opened.Plaintext) != 32 {
		t.Errorf("got %q and %d bytes, want clear and 32", old.Plaintext, len(opened.Plaintext))
	}
	if *old.KeyMaterialId == *opened.KeyMaterialId {
		t.Error("a rotation has made no other material")
	}
	if again := encrypted(t, c, "clear"); bytes.Equal(again, first) || bytes.Contains(again, []byte("clear")) {
		t.Error("two ciphertexts are alike, or hold what is encrypted")
	}
}

func TestKMSRefusesWhatAWSRefuses(t *testing.T) {
	w, c := kmsWorld(t)
	blob := encrypted(t, c, "clear")
	good := func() *kms.DecryptInput {
		return &kms.DecryptInput{KeyId: aws.String(sealing.ARN()), CiphertextBlob: slices.Clone(blob), EncryptionContext: maps.Clone(forSeal)}
	}
	for name, test := range map[string]struct {
		change     func(*kms.DecryptInput)
		code, text string
	}{
		"another purpose":       {func(in *kms.DecryptInput) { in.EncryptionContext["purpose"] = "record" }, "InvalidCiphertextException", ""},
		"no context":            {func(in *kms.DecryptInput) { in.EncryptionContext = nil }, "InvalidCiphertextException", ""},
		"more context":          {func(in *kms.DecryptInput) { in.EncryptionContext["a"] = "b" }, "InvalidCiphertextException", ""},
		"a bit turned":          {func(in *kms.DecryptInput) { in.CiphertextBlob[len(blob)-1] ^= 1 }, "InvalidCiphertextException", ""},
		"cut":                   {func(in *kms.DecryptInput) { in.CiphertextBlob = blob[:60] }, "InvalidCiphertextException", ""},
		"no blob of KMS":        {func(in *kms.DecryptInput) { in.CiphertextBlob = []byte("clear") }, "InvalidCiphertextException", ""},
		"another key":           {func(in *kms.DecryptInput) { in.KeyId = aws.String(another.ARN()) }, "IncorrectKeyException", "does not identify"},
		"a key that is not":     {func(in *kms.DecryptInput) { in.KeyId = aws.String(sealing.ARN() + "0") }, "NotFoundException", "does not exist"},
		"an alias that is not":  {func(in *kms.DecryptInput) { in.KeyId = aws.String("alias/none") }, "NotFoundException", "is not found"},
		"another region":        {func(in *kms.DecryptInput) { *in.KeyId = strings.Replace(*in.KeyId, "west", "north", 1) }, "NotFoundException", "Invalid arn"},
		"too large":             {func(in *kms.DecryptInput) { in.CiphertextBlob = make([]byte, 6145) }, "ValidationException", "less than or equal to 6144"},
		"another algorithm":     {func(in *kms.DecryptInput) { in.EncryptionAlgorithm = "RSAES_OAEP_SHA_256" }, "InvalidKeyUsageException", ""},
		"in nobody's knowledge": {func(in *kms.DecryptInput) { in.DryRun = aws.Bool(true) }, "SerializationException", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := good()
			test.change(in)
			_, err := c.Decrypt(t.Context(), in)
			wantError(t, err, test.code, test.text)
		})
	}
	for state, want := range map[awstest.KMSKeyState]string{
		awstest.KMSDisabled: "DisabledException", awstest.KMSPendingDeletion: "KMSInvalidStateException", awstest.KMSEnabled: "",
	} {
		w.SetKMSKeyState(sealing.ARN(), state)
		_, err := c.Decrypt(t.Context(), good())
		wantError(t, err, want, "")
	}
	w.SetKMSKeyState(sealing.ARN(), awstest.KMSEnabled)
	_, err := c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String(sealing.ID), Plaintext: make([]byte, 4097)})
	wantError(t, err, "ValidationException", "less than or equal to 4096")
	_, err = c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String(sealing.ID), Plaintext: []byte{}})
	wantError(t, err, "ValidationException", "greater than or equal to 1")
	for _, in := range []kms.GenerateDataKeyWithoutPlaintextInput{
		{}, {KeySpec: types.DataKeySpecAes256, NumberOfBytes: aws.Int32(32)}, {NumberOfBytes: aws.Int32(1025)}, {KeySpec: "AES_512"},
	} {
		in.KeyId = aws.String(sealing.ID)
		_, err = c.GenerateDataKeyWithoutPlaintext(t.Context(), &in)
		wantError(t, err, "ValidationException", "")
	}
	_, err = c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(sealing.ID)})
	wantError(t, err, "UnknownOperationException", "")
	wrong := kms.NewFromConfig(w.config(aws.Credentials{AccessKeyID: aliceKey, SecretAccessKey: "another"}))
	_, err = wrong.Decrypt(t.Context(), good())
	wantError(t, err, "InvalidSignatureException", "")
}

func TestKMSAsksThePolicyAboutTheContext(t *testing.T) {
	w, c := kmsWorld(t)
	blob := encrypted(t, c, "clear")
	w.AddUser(awstest.User{Account: hub, Name: "bob", AccessKeyID: bobKey, SecretAccessKey: bobSecret, Policy: `{
		"Version": "2012-10-17",
		"Statement": {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "` + sealing.ARN() + `",
			"Condition": {"StringEquals": {"kms:EncryptionContext:purpose": "seal"}}}}`})
	bob := kms.NewFromConfig(w.config(aws.Credentials{AccessKeyID: bobKey, SecretAccessKey: bobSecret}))
	in := &kms.DecryptInput{KeyId: aws.String(sealing.ARN()), CiphertextBlob: blob, EncryptionContext: forSeal}
	_, err := bob.Decrypt(t.Context(), in)
	wantError(t, err, "", "")
	in.EncryptionContext = map[string]string{"purpose": "record", "origin": "example.com/bot"}
	_, err = bob.Decrypt(t.Context(), in)
	wantError(t, err, "AccessDeniedException", "is not authorized to perform: kms:Decrypt on resource: "+sealing.ARN()+" because no identity-based policy")
	_, err = bob.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String(sealing.ARN()), Plaintext: []byte("x"), EncryptionContext: forSeal})
	wantError(t, err, "AccessDeniedException", "kms:Encrypt")

	w.AddUser(awstest.User{Account: target, Name: "eve", AccessKeyID: "AKIAEVE0000000000001", SecretAccessKey: "eve"})
	eve := kms.NewFromConfig(w.config(aws.Credentials{AccessKeyID: "AKIAEVE0000000000001", SecretAccessKey: "eve"}))
	in.EncryptionContext = forSeal
	_, err = eve.Decrypt(t.Context(), in)
	wantError(t, err, "AccessDeniedException", "no resource-based policy")
}
