package awstest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// totpStep is RFC 6238's time step; AWS's virtual devices use its defaults.
	totpStep = 30 * time.Second
	// maxDevices per IAM user: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	maxDevices = 8
)

// Device is a virtual MFA device. A code is accepted once, from one step before until one step after
// its own, and never again nor an older one once a newer was used.
type Device struct {
	aws       *identities
	owner     string // ARN of the user
	serial    string
	seed      []byte
	outOfStep atomic.Bool
	lastStep  int64 // guarded by the mu of identities
}

// AddDevice gives the user an MFA device. The serial is an ARN (arn:aws:iam::111111111111:mfa/alice) or
// a hardware serial. It panics when the user has eight already or the serial is taken.
func (s *identities) AddDevice(account, user, serial string, seed []byte) *Device {
	d := &Device{aws: s, owner: UserARN(account, user), serial: serial, seed: slices.Clone(seed)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.devices[serial] != nil {
		panic("awstest: MFA serial is taken: " + serial)
	}
	owned := 0
	for _, other := range s.devices {
		if other.owner == d.owner {
			owned++
		}
	}
	if owned == maxDevices {
		panic("awstest: an IAM user has at most 8 MFA devices: " + d.owner)
	}
	s.devices[serial] = d
	return d
}

// Serial is what a caller sends as SerialNumber.
func (d *Device) Serial() string { return d.serial }

// Code is the code that the device shows now, by the fake's clock.
func (d *Device) Code() string { return d.CodeAt(d.aws.now()) }

// CodeAt is the code that the device shows at t.
func (d *Device) CodeAt(t time.Time) string { return totp(d.seed, step(t)) }

// NextIn is how long the present code is still shown, by the fake's clock: above 0, up to 30 seconds.
func (d *Device) NextIn() time.Duration {
	return totpStep - time.Duration(d.aws.now().UnixNano()%int64(totpStep))
}

// SetOutOfStep makes AWS refuse every code of the device as it does for one that needs to be
// resynchronised, whose sentence differs from that for a wrong code.
func (d *Device) SetOutOfStep(out bool) { d.outOfStep.Store(out) }

// spend accepts the code if it is current and newer than all used before. The caller holds it.
func (d *Device) spend(code string, now time.Time) bool {
	for n := step(now) - 1; n <= step(now)+1; n++ {
		if n > d.lastStep && hmac.Equal([]byte(totp(d.seed, n)), []byte(code)) {
			d.lastStep = n
			return true
		}
	}
	return false
}

func step(t time.Time) int64 { return t.Unix() / int64(totpStep/time.Second) }

// totp is RFC 6238 with HMAC-SHA-1 and six digits, on RFC 4226's truncation.
func totp(seed []byte, n int64) string {
	m := hmac.New(sha1.New, seed)
	_ = binary.Write(m, binary.BigEndian, n) // a hash never fails
	sum := m.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1_000_000)
}
