variable "people" {
  description = "The ARNs of the IAM users whom the roles trust, by name: the output people_arns of the module hub."
  type        = map(string)

  validation {
    condition     = length(var.people) > 0 && alltrue([for arn in values(var.people) : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:user/[A-Za-z0-9_+=,.@/-]+$", arn))])
    error_message = "The roles trust IAM users, each by its ARN: no account, no wildcard."
  }
}

variable "roles" {
  description = <<-EOT
    The roles of this AWS account that people may have, by name. `people` are the names of those who may, everybody without it. `policies` are
    the ARNs of what they may do. `at_most` lists the actions that the role's permissions boundary allows, such as "s3:*", whatever policy somebody puts on the role;
    `boundary_arn` is a boundary of your own in its place. `max_session` is in seconds.
  EOT
  type = map(object({
    policies     = list(string)
    people       = optional(list(string))
    at_most      = optional(list(string), [])
    boundary_arn = optional(string)
    max_session  = optional(number, 3600)
  }))

  validation {
    condition     = alltrue([for r in values(var.roles) : (length(r.at_most) > 0) != (r.boundary_arn != null)])
    error_message = "Each role needs a permissions boundary, or the revoker could widen it: write either at_most or boundary_arn."
  }

  validation {
    condition     = alltrue(flatten([for r in values(var.roles) : [for action in r.at_most : can(regex("^[a-z0-9-]+:[A-Za-z0-9*?]+$", action))]]))
    error_message = "Each of at_most names a service in small letters and its actions, such as \"s3:*\" or \"ec2:Describe*\"; \"*\" would be no boundary."
  }

  validation {
    condition     = alltrue(flatten([for r in values(var.roles) : [for action in r.at_most : !can(regex("^(iam|sts|organizations|account|sso|identitystore):", action))]]))
    error_message = "at_most cannot hold iam, sts, organizations, account, sso or identitystore, by which a role gets out of its boundary. Write a boundary of your own and name it as boundary_arn."
  }

  validation {
    condition     = alltrue([for r in values(var.roles) : r.max_session >= 3600 && r.max_session <= 43200])
    error_message = "IAM takes a max_session of 3600 to 43200 seconds."
  }
}

variable "external_id" {
  description = "The external_id of the accounts in the config. Not a secret, but take a random one: it keeps a role from being reached by mistake."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@:/-]+$", var.external_id)) && length(var.external_id) >= 8 && length(var.external_id) <= 1224
    error_message = "It has 8 to 1,224 letters, digits and _+=,.@:/- characters."
  }
}

variable "source_ips" {
  description = "The addresses that the bot calls AWS from, such as [\"192.0.2.10/32\"]. AWS then refuses people the role without the bot. Empty allows every address."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for ip in var.source_ips : can(cidrhost(ip, 0)) && !can(regex("/0$", ip))])
    error_message = "Write networks such as 192.0.2.10/32, and not all of the Internet."
  }
}

variable "bot_role_arn" {
  description = "The bot's own identity, whom alone the revoker trusts: the output bot_role_arn of the module hub. Null leaves the revoker out."
  type        = string
  default     = null

  validation {
    condition     = var.bot_role_arn == null ? true : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", var.bot_role_arn))
    error_message = "It is the ARN of one IAM role, with no wildcard in it."
  }
}

variable "revoker_name" {
  description = "The name of the revoker."
  type        = string
  default     = "AssumebotRevoker"
}
