// Package directory knows people and user groups as Slack tells of them. All replicas
// share one answer, which each keeps in its process too, and an event of Slack's has it
// asked anew. While Slack gives no answer, one of the last hour serves. Changes of the
// groups that the config names go on the record.
package directory
