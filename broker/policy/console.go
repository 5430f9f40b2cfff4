package policy

import (
	"errors"

	"github.com/assumebot/assumebot/broker/text"
)

var consoleService = text.NewPattern(`^[a-z0-9-]{1,40}$`)

// CheckConsoleService checks name as the service whose console a link opens: the first
// part of its console's path, such as s3 or ec2.
func CheckConsoleService(name string) error {
	if !consoleService.MatchString(name) {
		return errors.New("the name of a service is 1 to 40 of a-z, 0-9 and dash")
	}
	return nil
}
