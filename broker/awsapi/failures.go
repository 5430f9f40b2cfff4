package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
)

// failed is what a person is told of err.
func failed(code broker.Code, what, hint string, err error) *broker.Error {
	return &broker.Error{Code: code, What: prose.Say(what), Hint: prose.Say(hint), Err: err}
}

// detailed is e as that case of its Code, said of an AWS service.
func detailed(e *broker.Error, detail, service string) *broker.Error {
	e.Detail, e.Facts.Service = detail, service
	return e
}

// refusedBefore is of an answer that is not AWS's.
func refusedBefore(service string, err error, hint string) *broker.Error {
	what := "Something between the bot and %s, a proxy perhaps, refused the request: the answer (HTTP %d) is not one of AWS."
	e := failed(broker.CodeStrangeAnswer, fmt.Sprintf(what, service, statusOf(err)), hint, err)
	e.Facts.HTTPStatus = statusOf(err)
	return detailed(e, "proxy", service)
}

// notReached is of a call to service, in the region that setting gives, of which
// nothing was sent; soon says what to do in a minute.
func (s *sending) notReached(err error, service, setting, soon string) *broker.Error {
	var dns *net.DNSError
	unknown := errors.As(err, &dns) && dns.IsNotFound
	late := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) // before it had an address
	nowhere := !s.handed.Load() && !late
	switch {
	case s.fips(err) && (unknown || nowhere):
		return detailed(failed(broker.CodeSettings, "The bot cannot reach "+service+": it is told to use FIPS hosts, and there is none in its region.",
			"AWS_USE_FIPS_ENDPOINT must be off, or "+setting+" name a region that has one. "+broker.AskOperator, err), "fips", service)
	case nowhere:
		return detailed(failed(broker.CodeSettings, "The bot cannot ask "+service+": its AWS settings lead to no host of AWS.",
			"Look at "+setting+" and at the AWS_… variables of the bot. "+broker.AskOperator, err), "no_host", service)
	case unknown:
		return detailed(failed(broker.CodeCannotReachAWS, "The bot cannot reach "+service+": nobody knows the host "+dns.Name+".",
			soon+"; if it stays, "+setting+" names no region, or the bot's DNS does not work. "+broker.AskOperator, err), "unknown_host", service)
	}
	return detailed(failed(broker.CodeCannotReachAWS, "The bot cannot reach "+service+".", soon+".", err), "", service)
}
