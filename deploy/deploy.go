// Package deploy holds what is shipped for a deployment, for the program to fill in:
// there is no second copy.
package deploy

import "embed"

// IAM are the policies of iam/, by name.
//
//go:embed iam/*.json
var IAM embed.FS

// Manifest is the manifest of the Slack app, without a prefix before its commands.
//
//go:embed slack-manifest.yaml
var Manifest string
