package awstest

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"net/http"
)

const (
	stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"
	iamNamespace = "https://iam.amazonaws.com/doc/2010-05-08/"
)

// refusal is an error answer before it has its service's shape.
type refusal struct {
	status        int
	code, message string
}

// answer is what goes over the wire.
type answer struct {
	status int
	code   string // of an error
	media  string
	body   []byte

	location string // of a redirect
}

type queryResponse struct {
	XMLName   xml.Name
	XMLNS     string `xml:"xmlns,attr"`
	Result    any
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

type queryError struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	XMLNS     string   `xml:"xmlns,attr"`
	Error     struct{ Type, Code, Message string }
	RequestID string `xml:"RequestId"`
}

// jsonError has no message where AWS gives none, as KMS of a ciphertext that does not open.
type jsonError struct {
	Type    string `json:"__type"`
	Message string `json:"message,omitempty"`
}

type s3Error struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	RequestID string `xml:"RequestId"`
	HostID    string `xml:"HostId"`
}

// succeed wraps a result as its service does. A query action without a result passes nil.
func (r *request) succeed(result any) answer {
	switch r.service {
	case serviceSecrets, serviceKMS:
		body, _ := json.Marshal(result) // our own plain structs
		return answer{status: http.StatusOK, media: "application/x-amz-json-1.1", body: body}
	case serviceS3:
		if plain, ok := result.(s3Plain); ok {
			return answer{status: plain.status, media: "binary/octet-stream", body: plain.body}
		}
		return answer{status: http.StatusOK, media: "application/xml", body: xmlBody(xml.Header, result)}
	}
	out := queryResponse{XMLName: xml.Name{Local: r.action + "Response"}, XMLNS: r.namespace(), Result: result, RequestID: r.id}
	return answer{status: http.StatusOK, media: "text/xml", body: xmlBody("", out)}
}

// refuse shapes an error: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html and …/aws-json-1_1-protocol.html.
func (r *request) refuse(ref *refusal) answer {
	a := answer{status: ref.status, code: ref.code}
	switch r.service {
	case serviceSignin:
		a.media, a.body = "text/html", signinPage(ref.message)
	case serviceSecrets, serviceKMS:
		a.media = "application/x-amz-json-1.1"
		a.body, _ = json.Marshal(jsonError{ref.code, ref.message})
	case serviceS3:
		a.media = "application/xml"
		a.body = xmlBody(xml.Header, s3Error{Code: ref.code, Message: ref.message, RequestID: r.id, HostID: hostID(r.id)})
	default:
		out := queryError{XMLNS: r.namespace(), RequestID: r.id}
		out.Error.Type, out.Error.Code, out.Error.Message = "Sender", ref.code, ref.message
		if ref.status >= http.StatusInternalServerError {
			out.Error.Type = "Receiver"
		}
		a.media = "text/xml"
		a.body = xmlBody("", out)
	}
	return a
}

func (r *request) namespace() string {
	if r.service == serviceIAM {
		return iamNamespace
	}
	return stsNamespace
}

func xmlBody(header string, v any) []byte {
	body, err := xml.Marshal(v)
	if err != nil {
		panic("awstest: marshal own type: " + err.Error())
	}
	return append([]byte(header), body...)
}

// hostID is the shape of S3's second, longer request ID.
func hostID(id string) string {
	sum := sha512.Sum512([]byte(id))
	return base64.StdEncoding.EncodeToString(sum[:57])
}
