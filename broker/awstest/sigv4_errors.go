package awstest

import "net/http"

// sigProblem is why a request is not believed. Each family of services has its own names for it.
type sigProblem int

const (
	sigFine sigProblem = iota
	sigMissing
	sigIncomplete
	sigScope
	sigUnknownKey
	sigBadToken
	sigExpired
	sigSkewed
	sigUnsigned
	sigMismatch
)

const mismatchText = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// unauthenticated words a problem as the called service does. Detail is AWS's sentence where it
// depends on the request; for sigUnsigned it is the header's name.
func (r *request) unauthenticated(p sigProblem, detail string) *refusal {
	switch r.service {
	case serviceS3:
		return s3Unauthenticated(p, detail)
	case serviceSecrets, serviceKMS:
		return jsonUnauthenticated(p, detail)
	}
	return queryUnauthenticated(p, detail)
}

// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
func queryUnauthenticated(p sigProblem, detail string) *refusal {
	const status = http.StatusForbidden
	switch p {
	case sigMissing:
		return &refusal{status, "MissingAuthenticationToken", "Request is missing Authentication Token"}
	case sigIncomplete:
		return &refusal{http.StatusBadRequest, "IncompleteSignature", detail}
	case sigUnknownKey, sigBadToken:
		return &refusal{status, "InvalidClientTokenId", "The security token included in the request is invalid."}
	case sigExpired:
		return &refusal{status, "ExpiredToken", "The security token included in the request is expired"}
	case sigSkewed, sigScope:
		return &refusal{status, "SignatureDoesNotMatch", detail}
	case sigUnsigned:
		return &refusal{status, "SignatureDoesNotMatch", "'" + detail + "' must be a 'SignedHeader' in the AWS Authorization."}
	default:
		return &refusal{status, "SignatureDoesNotMatch", mismatchText}
	}
}

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
func jsonUnauthenticated(p sigProblem, detail string) *refusal {
	const status = http.StatusBadRequest
	switch p {
	case sigMissing:
		return &refusal{status, "MissingAuthenticationTokenException", "Missing Authentication Token"}
	case sigIncomplete:
		return &refusal{status, "IncompleteSignatureException", detail}
	case sigUnknownKey, sigBadToken:
		return &refusal{status, "UnrecognizedClientException", "The security token included in the request is invalid."}
	case sigExpired:
		return &refusal{status, "ExpiredTokenException", "The security token included in the request is expired"}
	case sigSkewed, sigScope:
		return &refusal{status, "InvalidSignatureException", detail}
	case sigUnsigned:
		return &refusal{status, "InvalidSignatureException", "'" + detail + "' must be a 'SignedHeader' in the AWS Authorization."}
	default:
		return &refusal{status, "InvalidSignatureException", mismatchText}
	}
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func s3Unauthenticated(p sigProblem, detail string) *refusal {
	switch p {
	case sigMissing:
		return &refusal{http.StatusForbidden, "AccessDenied", "Access Denied"}
	case sigIncomplete, sigScope:
		return &refusal{http.StatusBadRequest, "AuthorizationHeaderMalformed", "The authorization header is malformed; " + detail}
	case sigUnknownKey:
		return &refusal{http.StatusForbidden, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."}
	case sigBadToken:
		return &refusal{http.StatusBadRequest, "InvalidToken", "The provided token is malformed or otherwise invalid."}
	case sigExpired:
		return &refusal{http.StatusBadRequest, "ExpiredToken", "The provided token has expired."}
	case sigSkewed:
		return &refusal{http.StatusForbidden, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."}
	case sigUnsigned:
		return &refusal{http.StatusForbidden, "AccessDenied", "There were headers present in the request which were not signed"}
	default:
		return &refusal{http.StatusForbidden, "SignatureDoesNotMatch",
			"The request signature we calculated does not match the signature you provided. Check your key and signing method."}
	}
}

func notImplemented() *refusal {
	return &refusal{http.StatusNotImplemented, "NotImplemented", "A header or query you provided implies functionality that is not implemented."}
}
