package terraform

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/awstest"
)

const auditor = "arn:aws:iam::" + audit + ":role/auditor"

// reaches is whether AWS does what is asked of the bucket. Of another account, the caller's own policy and the bucket's
// must both allow; of the bucket's own account, one of them, and the other must not deny.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
func reaches(t *testing.T, q awstest.Question, own, bucket string) bool {
	t.Helper()
	if !strings.HasPrefix(q.Principals[0], "arn:aws:iam::"+audit+":") {
		return allowed(t, q, own, bucket)
	}
	by, of := says(t, own, q), says(t, bucket, q)
	return by != awstest.Denies && of != awstest.Denies && (by == awstest.Allows || of == awstest.Allows)
}

// TestTheRecordIsWrittenByTheBotAndRemovedByNobody: all but the bot and the auditors have a policy that allows everything.
func TestTheRecordIsWrittenByTheBotAndRemovedByNobody(t *testing.T) {
	a := with(t, "audit", audit, `{"bucket": "my-record", "bot_role_arn": "`+botRole+`", "readers": ["`+auditor+`"]}`)
	h := with(t, "hub", hub, changed(t, hubVariables, map[string]any{"archive": map[string]string{
		"bucket_arn": "arn:aws:s3:::my-record", "prefix": "assumebot", "kms_key_arn": "arn:aws:kms:eu-west-1:" + audit + ":key/1234abcd",
	}}))
	const everything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	bot, bucket := h.attribute(t, "aws_iam_role_policy.bot", "", "policy"), a.attribute(t, "aws_s3_bucket_policy.record", "", "policy")
	admin, person := "arn:aws:iam::"+audit+":role/admin", user("alice")

	// As broker/record/archive names them: a full bundle and its seals, a partial tile, the checkpoint, free text.
	const full, partial, checkpoint, aside, seals = "tile/entries/x001/234", "tile/0/001.p/17", "checkpoint", "aside/x001/234", "seals/x001/234"
	for _, c := range []struct {
		who, action, path string
		want              bool
	}{
		{botRole, "s3:PutObject", full, true},
		{botRole, "s3:PutObjectRetention", full, true},
		{botRole, "s3:PutObject", checkpoint, true},
		{botRole, "s3:GetObject", checkpoint, true},
		{botRole, "s3:ListBucket", "", true},
		{botRole, "s3:ListBucketVersions", "", true},
		{botRole, "s3:DeleteObject", partial, true},
		{botRole, "s3:DeleteObjectVersion", "seals/001.p/17", true},
		{botRole, "s3:DeleteObjectVersion", aside, true},
		{botRole, "s3:DeleteObjectVersion", full, false},
		{botRole, "s3:DeleteObject", full, false},
		{botRole, "s3:DeleteObject", seals, false},
		{botRole, "s3:DeleteObjectVersion", checkpoint, false},
		{botRole, "s3:BypassGovernanceRetention", full, false},
		{botRole, "s3:PutBucketPolicy", "", false},
		{botRole, "s3:PutLifecycleConfiguration", "", false},
		{botRole, "s3:PutBucketVersioning", "", false},
		{auditor, "s3:GetObject", full, true},
		{auditor, "s3:GetObjectVersion", full, true},
		{auditor, "s3:ListBucketVersions", "", true},
		{auditor, "s3:PutObject", full, false},
		{auditor, "s3:DeleteObjectVersion", aside, false},
		{person, "s3:GetObject", full, false},
		{person, "s3:PutObject", checkpoint, false},
		{person, "s3:DeleteObjectVersion", full, false},
		{admin, "s3:PutObject", checkpoint, false},
		{admin, "s3:DeleteObject", full, false},
		{admin, "s3:DeleteObjectVersion", full, false},
		{admin, "s3:DeleteObjectVersion", partial, false},
		{admin, "s3:BypassGovernanceRetention", full, false},
	} {
		resource, own := "arn:aws:s3:::my-record", everything
		if c.path != "" {
			resource += "/assumebot/" + c.path
		}
		switch c.who {
		case botRole:
			own = bot
		case auditor:
			own = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"athena:*","Resource":"*"}}`
		}
		for _, secure := range []string{"true", "false"} {
			q := awstest.Question{Action: c.action, Resource: resource, Principals: []string{c.who},
				Facts: map[string]string{"aws:PrincipalArn": c.who, "aws:SecureTransport": secure}}
			if got := reaches(t, q, own, bucket); got != (c.want && secure == "true") {
				t.Errorf("%s %s %s, TLS %s: got %v", c.who, c.action, c.path, secure, got)
			}
		}
		// Nor by its own policy, should somebody loosen the bucket's.
		q := awstest.Question{Action: c.action, Resource: resource, Facts: map[string]string{}}
		if c.who == botRole && allowed(t, q, bot) != c.want {
			t.Errorf("the bot's own policy says otherwise of %s %s", c.action, c.path)
		}
	}
	// Whatever else the bot is allowed one day, here or there.
	for _, path := range []string{full, seals, checkpoint} {
		q := awstest.Question{Action: "s3:DeleteObjectVersion", Resource: "arn:aws:s3:::my-record/assumebot/" + path, Principals: []string{botRole},
			Facts: map[string]string{"aws:PrincipalArn": botRole, "aws:SecureTransport": "true"}}
		if got := says(t, bucket, q); got != awstest.Denies {
			t.Errorf("the bot removes %s: the bucket %s", path, got)
		}
	}
	elsewhere := awstest.Question{Action: "s3:PutObject", Resource: "arn:aws:s3:::my-record/other/checkpoint", Principals: []string{botRole},
		Facts: map[string]string{"aws:PrincipalArn": botRole, "aws:SecureTransport": "true"}}
	if reaches(t, elsewhere, bot, bucket) {
		t.Error("the bot writes beside its archive")
	}
}

func TestTheKeyOfTheRecordIsUsedByS3Alone(t *testing.T) {
	a := with(t, "audit", audit, `{"bucket": "my-record", "bot_role_arn": "`+botRole+`", "readers": ["`+auditor+`"]}`)
	key := a.attribute(t, "aws_kms_key.record", "", "policy")
	for _, c := range []struct {
		who, action, by string
		want            bool
	}{
		{botRole, "kms:GenerateDataKey", "s3.eu-west-1.amazonaws.com", true},
		{botRole, "kms:Decrypt", "s3.eu-west-1.amazonaws.com", true},
		{botRole, "kms:Decrypt", "", false},
		{botRole, "kms:ScheduleKeyDeletion", "s3.eu-west-1.amazonaws.com", false},
		{auditor, "kms:Decrypt", "s3.eu-west-1.amazonaws.com", true},
		{auditor, "kms:GenerateDataKey", "s3.eu-west-1.amazonaws.com", false},
		{user("alice"), "kms:Decrypt", "s3.eu-west-1.amazonaws.com", false},
	} {
		q := awstest.Question{Action: c.action, Resource: "arn:aws:kms:eu-west-1:" + audit + ":key/1234abcd", Principals: []string{c.who}, Facts: map[string]string{}}
		if c.by != "" {
			q.Facts["kms:ViaService"] = c.by
		}
		if got := allowed(t, q, key); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

// TestTheBucketIsMadeForObjectLock and without a default retention, which would keep free text from being erased.
func TestTheBucketIsMadeForObjectLock(t *testing.T) {
	a := with(t, "audit", audit, `{"bucket": "my-record", "bot_role_arn": "`+botRole+`"}`)
	v, err := a.resource("aws_s3_bucket.record")
	if err != nil {
		t.Fatal(err)
	}
	if v.GetAttr("object_lock_enabled").False() || v.GetAttr("force_destroy").True() {
		t.Errorf("got %#v", v)
	}
	for address := range a.resources {
		if address == "aws_s3_bucket_object_lock_configuration.record" {
			t.Error("a default retention keeps free text from being erased")
		}
	}
	rules, err := a.resource("aws_s3_bucket_lifecycle_configuration.record")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules.GetAttr("rule").AsValueSlice() {
		if !rule.Type().HasAttribute("expiration") {
			continue
		}
		if gone := rule.GetAttr("expiration").AsValueSlice()[0]; gone.Type().HasAttribute("days") {
			t.Errorf("%s: a rule removes what is current", rule.GetAttr("id").AsString())
		}
	}
}
