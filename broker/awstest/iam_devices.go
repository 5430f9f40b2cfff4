package awstest

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"strings"
)

// enableWindow is how many steps of 30 s before now the first of the two codes may be that bind a device: a person
// types one, waits for the other and types that.
const enableWindow = 4

const twoCodePattern = `[\d]+`

type createdDeviceXML struct {
	XMLName xml.Name `xml:"CreateVirtualMFADeviceResult"`
	Device  struct {
		SerialNumber string
		// Base32StringSeed and QRCodePNG are blobs, so each is base64 of what it is.
		Base32StringSeed string
		QRCodePNG        string
	} `xml:"VirtualMFADevice"`
}

// iamDevices makes virtual MFA devices and binds them to users:
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeactivateMFADevice.html
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html
func (s *Server) iamDevices(req *request, who *caller) (any, *refusal) {
	c := checker{params: req.params}
	var in struct{ serial, user, first, second, name, path string }
	in.path = "/"
	switch req.action {
	case "CreateVirtualMFADevice":
		in.name = c.text("VirtualMFADeviceName", "virtualMFADeviceName", 1, 226, iamNamePattern)
		if req.params.Has("Path") {
			in.path = c.text("Path", "path", 1, 512, pathPattern)
		}
	case "EnableMFADevice":
		in.first = c.text("AuthenticationCode1", "authenticationCode1", 6, 6, twoCodePattern)
		in.second = c.text("AuthenticationCode2", "authenticationCode2", 6, 6, twoCodePattern)
		fallthrough
	case "DeactivateMFADevice":
		in.user = c.text("UserName", "userName", 1, 128, iamNamePattern)
		fallthrough
	default:
		in.serial = c.text("SerialNumber", "serialNumber", 9, 256, serialPattern)
	}
	if ref := c.refusal(); ref != nil {
		return nil, ref
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	arn, u := in.serial, (*user)(nil)
	switch {
	case in.name != "":
		arn = DeviceARN(who.account, in.path[1:]+in.name)
	case in.user != "":
		arn, u = s.userByName(who.account, in.user)
	}
	if reason, ok := s.authorize(who, s.askOfUser(who, "iam:"+req.action, arn, u)); !ok {
		return nil, &refusal{http.StatusForbidden, "AccessDenied", notAuthorized(who, "iam:"+req.action, arn, reason)}
	}
	d := s.devices[in.serial]
	switch {
	case in.name != "":
		return s.createDevice(arn)
	case in.user != "" && u == nil:
		return nil, noSuchEntity("The user with name " + in.user + " cannot be found.")
	case d == nil:
		return nil, noSuchEntity("VirtualMFADevice with serial number " + in.serial + " does not exist.")
	case req.action == "EnableMFADevice":
		return nil, s.enableDevice(d, arn, in.first, in.second)
	case req.action == "DeactivateMFADevice":
		if d.owner != arn {
			return nil, noSuchEntity("MFA Device " + in.serial + " is not assigned to user " + in.user + ".")
		}
		d.owner = ""
	case d.owner != "":
		return nil, &refusal{http.StatusConflict, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first."}
	default:
		delete(s.devices, in.serial)
	}
	return nil, nil
}

// createDevice makes a device that is nobody's yet. The caller holds mu.
func (s *Server) createDevice(serial string) (any, *refusal) {
	for other := range s.devices {
		if strings.EqualFold(other, serial) {
			return nil, &refusal{http.StatusConflict, "EntityAlreadyExists", "MFADevice entity at the same path and name already exists."}
		}
	}
	seed := make([]byte, 40)
	_, _ = rand.Read(seed) // never fails: crypto/rand
	s.devices[serial] = &Device{aws: s.identities, serial: serial, seed: seed}
	var out createdDeviceXML
	out.Device.SerialNumber = serial
	out.Device.Base32StringSeed = base64.StdEncoding.EncodeToString([]byte(base32.StdEncoding.EncodeToString(seed)))
	out.Device.QRCodePNG = base64.StdEncoding.EncodeToString([]byte("\x89PNG\r\n\x1a\n"))
	return out, nil
}

// enableDevice binds a device by two codes of which the second follows the first at once. The caller holds mu.
func (s *Server) enableDevice(d *Device, userARN, first, second string) *refusal {
	if d.owner != "" {
		return &refusal{http.StatusConflict, "EntityAlreadyExists", "MFADevice is already in use."}
	}
	owned := 0
	for _, other := range s.devices {
		if other.owner == userARN {
			owned++
		}
	}
	if owned >= maxDevices {
		return &refusal{http.StatusConflict, "LimitExceeded", "Cannot exceed quota for MFADevicesPerUser: 8"}
	}
	now := step(s.now())
	for n := now - enableWindow; n <= now; n++ {
		if n > d.lastStep && totp(d.seed, n) == first && totp(d.seed, n+1) == second {
			d.owner, d.lastStep = userARN, n+1
			return nil
		}
	}
	return &refusal{http.StatusForbidden, "InvalidAuthenticationCode", "Authentication code for device is not valid."}
}
