package doctor

import (
	"context"

	"github.com/assumebot/assumebot/cmd/internal/config"
)

// regions looks whether there are the regions that the settings and the config name.
func (p Patient) regions(context.Context) []Finding {
	found := region("AWS_REGION", "AWS_REGION", p.Settings.AWSRegion)
	for a := range p.Config.Broker.Accounts.All() {
		if a.Region != "" {
			found = append(found, region(a.Name, "its region", a.Region)...)
		}
	}
	return found
}

func region(subject, where, code string) []Finding {
	near, known := config.NearRegion(code)
	switch {
	case known:
		return of("", subject, fine("%s", code))
	case near != "":
		return of("", subject, warn("write "+near+", if that is meant", "%s is %s, which is not one that this version knows", where, code))
	}
	return of("", subject, warn("see that it is not misspelt", "%s is %s, which is not one that this version knows", where, code))
}
