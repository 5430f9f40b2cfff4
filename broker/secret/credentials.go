package secret

import (
	"fmt"
	"log/slog"
	"time"
)

// Credentials are what STS issued: temporary, and gone at Expires.
// The access key ID is no secret: it is on the record and in CloudTrail.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey Text
	SessionToken    Text
	Expires         time.Time
}

// String names the Credentials without giving them away.
func (c Credentials) String() string {
	return fmt.Sprintf("credentials %s until %s", c.AccessKeyID, c.Expires.UTC().Format(time.RFC3339))
}

// LogValue implements [slog.LogValuer].
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }
