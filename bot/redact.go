package bot

import (
	"errors"
	"net/url"
)

// withoutURL returns err without any URL in it: socket URLs and response_urls
// are bearer secrets, and url.Error prints them.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
