package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// One call to KMS is tried three times, and all of it is bounded; whoever wants it waits longer by asking again.
const (
	kmsPatience = 10 * time.Second
	kmsTries    = 3
	kmsPause    = 300 * time.Millisecond // at most, between tries
)

// Unwrap has KMS open k, in the region of its key, and returns what it holds, which may be any bytes. It fails
// within ten seconds, with a [*KMSError]. It needs kms:Decrypt.
func (c *Client) Unwrap(ctx context.Context, k WrappedKey) (secret.Text, error) {
	var held secret.Text
	err := c.askKMS(ctx, "kms:Decrypt", k.KeyARN, func(ctx context.Context, at *kms.Client) error {
		out, err := at.Decrypt(ctx, &kms.DecryptInput{KeyId: &k.KeyARN, CiphertextBlob: k.Ciphertext, EncryptionContext: k.Context})
		if err != nil {
			return err
		}
		if len(out.Plaintext) == 0 || aws.ToString(out.KeyId) != k.KeyARN {
			return errNotKMS
		}
		held = secret.New(string(out.Plaintext))
		clear(out.Plaintext)
		return nil
	})
	return held, err
}

// WrapNew has KMS make 32 random bytes and wrap them, which nobody sees in clear. The key is an ARN, an ID or an
// alias. It needs kms:GenerateDataKeyWithoutPlaintext.
func (c *Client) WrapNew(ctx context.Context, key string, bound map[string]string) (WrappedKey, error) {
	k := WrappedKey{Context: bound}
	err := c.askKMS(ctx, "kms:GenerateDataKeyWithoutPlaintext", key, func(ctx context.Context, at *kms.Client) error {
		out, err := at.GenerateDataKeyWithoutPlaintext(ctx, &kms.GenerateDataKeyWithoutPlaintextInput{
			KeyId: &key, KeySpec: types.DataKeySpecAes256, EncryptionContext: bound,
		})
		if err != nil {
			return err
		}
		k.KeyARN, k.Ciphertext = aws.ToString(out.KeyId), out.CiphertextBlob
		return k.check()
	})
	return k, err
}

// Wrap has KMS wrap what held is. The key is an ARN, an ID or an alias. It needs kms:Encrypt.
func (c *Client) Wrap(ctx context.Context, key string, bound map[string]string, held secret.Text) (WrappedKey, error) {
	k := WrappedKey{Context: bound}
	err := c.askKMS(ctx, "kms:Encrypt", key, func(ctx context.Context, at *kms.Client) error {
		plain := []byte(held.Reveal())
		defer clear(plain)
		out, err := at.Encrypt(ctx, &kms.EncryptInput{KeyId: &key, Plaintext: plain, EncryptionContext: bound})
		if err != nil {
			return err
		}
		k.KeyARN, k.Ciphertext = aws.ToString(out.KeyId), out.CiphertextBlob
		return k.check()
	})
	return k, err
}

// check refuses an answer that could not be read again.
func (k WrappedKey) check() error {
	if again, err := ParseWrappedKey(k.String()); err != nil || len(again.Ciphertext) == 0 {
		return errNotKMS
	}
	return nil
}

var errNotKMS = errors.New("an answer that is not one of KMS")

// askKMS makes one call in the region of a key's ARN, or in that of the bot.
func (c *Client) askKMS(ctx context.Context, action, key string, do func(context.Context, *kms.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, kmsPatience)
	defer cancel()
	ctx, sent := withSending(ctx)
	region := c.config.Region
	if parts := strings.SplitN(key, ":", 6); len(parts) == 6 && parts[3] != "" {
		region = parts[3]
	}
	at := kms.NewFromConfig(c.config, func(o *kms.Options) {
		o.Region, o.Credentials = region, whoAsks{c.config.Credentials}
		o.Retryer = retry.NewStandard(func(s *retry.StandardOptions) { s.MaxAttempts, s.MaxBackoff = kmsTries, kmsPause })
	})
	if err := do(ctx, at); err != nil {
		return kmsFailure(ctx, err, sent, action, key, region)
	}
	return nil
}

// A KMSError is why KMS did not do what it was asked, and what mends it. It holds nothing of a key.
type KMSError struct {
	What, Do string
	// Passes says that it may work later by itself: KMS was not reached, did not answer in time, or is busy.
	Passes bool
	Err    error // for errors.As; its text may be AWS's
}

// Error implements error: one sentence that ends in what to do.
func (e *KMSError) Error() string { return e.What + ": " + e.Do }

// Unwrap returns the cause.
func (e *KMSError) Unwrap() error { return e.Err }

// kmsRefusals are what AWS answers for good. A %[1]s is the key, a %[2]s the action.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors
// https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
var kmsRefusals = map[string][2]string{
	"AccessDeniedException": {
		"KMS does not let this identity use the key %[1]s", "allow %[2]s on that key, for this encryption context, in the identity's policy and in the key's",
	},
	"DisabledException": {"the key %[1]s of KMS is disabled", "enable it, with aws kms enable-key"},
	"KMSInvalidStateException": {
		"the key %[1]s of KMS cannot be used as it is",
		"see its state; where it waits for its deletion, cancel that, with aws kms cancel-key-deletion",
	},
	"NotFoundException": {"there is no key %[1]s of KMS", "see that its account and region are right; a key that was deleted opens nothing any more"},
	"InvalidCiphertextException": {
		"KMS does not open what was wrapped: it was changed, or wrapped for another use or another record",
		"take the whole line that assumebot keygen --kms printed, for the variable that it is for",
	},
	"IncorrectKeyException":       {"another key of KMS than %[1]s has wrapped it", "take the whole line that assumebot keygen --kms printed"},
	"InvalidKeyUsageException":    {"the key %[1]s of KMS is not one to encrypt with", "take a symmetric key, which aws kms create-key makes"},
	"UnrecognizedClientException": {"AWS does not know the identity that asks KMS", "look at the bot's AWS credentials, with aws sts get-caller-identity"},
	"ExpiredTokenException":       {"the credentials by which KMS is asked have expired", "look at the bot's AWS credentials, with aws sts get-caller-identity"},
	"InvalidSignatureException":   {"AWS does not accept the signature of the request to KMS", "look at this machine's clock, and at the bot's AWS credentials"},
}

// kmsPassing are what AWS answers for a while.
// https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html
var kmsPassing = map[string]string{
	"ThrottlingException":        "KMS has too many requests",
	"KMSInternalException":       "KMS does not work right now",
	"DependencyTimeoutException": "KMS does not work right now",
	"KeyUnavailableException":    "the key of KMS cannot be used right now",
	"ServiceUnavailable":         "KMS does not work right now",
}

// kmsFailure translates an error of the SDK.
func kmsFailure(ctx context.Context, err error, s *sending, action, key, region string) *KMSError {
	key = text.Printable(key)
	code := codeOf(err)
	passes := func(what string) *KMSError {
		return &KMSError{What: what, Do: "it is asked again, or start it again in a minute", Passes: true, Err: err}
	}
	var place *endpointError
	var nobody *noIdentityError
	var said smithy.APIError
	switch {
	case errors.As(err, &place):
		return &KMSError{What: place.text, Do: "look at AWS_ENDPOINT_URL_KMS", Err: err}
	case errors.As(err, &nobody):
		return nobody.failure(err)
	case kmsPassing[code] != "":
		return passes(kmsPassing[code])
	case kmsRefusals[code] != [2]string{}:
		r := kmsRefusals[code]
		return &KMSError{What: named(r[0], key, action), Do: named(r[1], key, action), Err: err}
	}
	fails := func(what, do string) *KMSError { return &KMSError{What: what, Do: do, Err: err} }
	switch s.arrivalOf(ctx, err, code) {
	case refusedByAWS:
		_ = errors.As(err, &said)
		return fails("KMS refuses to use the key "+key+" ("+text.Printable(code)+")", "see what AWS says of that: "+upstreamText(said.ErrorMessage()))
	case refusedOnWay:
		return fails(fmt.Sprintf("something between the bot and KMS, a proxy perhaps, refused the request (HTTP %d)", statusOf(err)),
			"let "+s.address()+" through")
	case misdirected, malformed:
		e := fails("KMS in "+region+" cannot be asked", "look at the region of the key's ARN, AWS_ENDPOINT_URL_KMS and the bot's AWS credentials")
		e.Passes = s.handed.Load() // a name that DNS does not know now, perhaps
		return e
	case serverFailed:
		return passes(fmt.Sprintf("KMS in %s does not work right now (HTTP %d)", region, max(statusOf(err), http.StatusInternalServerError)))
	case arrivedNowhere:
		return passes("KMS cannot be reached at " + s.address())
	case lost:
	}
	return passes("KMS in " + region + " did not answer in time, or its answer was lost")
}

func named(format, key, action string) string {
	return strings.NewReplacer("%[1]s", key, "%[2]s", action).Replace(format)
}
