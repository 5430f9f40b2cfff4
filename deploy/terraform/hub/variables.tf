variable "people" {
  description = <<-EOT
    Who uses the bot, by the name of their IAM user. `roles` are the ARNs of the roles that they may assume: written out, not taken from the outputs
    of the module spoke, which needs the users of this one first. `create_user = false` is for an IAM user that is there already,
    at the same `path`.
    With `manage_devices` a person lists, resynchronises and removes their own MFA devices. To add one, they need `enrol_until`, a time such as
    2026-12-01T17:00:00Z, until which they may do so with MFA already shown, and with `first_device = true` without. Leave both out at all other times:
    whoever stole a key in that time could add a device of their own.
  EOT
  type = map(object({
    roles          = list(string)
    create_user    = optional(bool, true)
    manage_devices = optional(bool, true)
    enrol_until    = optional(string)
    first_device   = optional(bool, false)
  }))

  validation {
    condition     = alltrue([for name in keys(var.people) : can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", name))])
    error_message = "A person is named as IAM names a user: 1 to 64 letters, digits and _+=,.@- characters."
  }

  validation {
    condition     = alltrue(flatten([for p in values(var.people) : [for r in p.roles : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", r))]]))
    error_message = "Each of roles is the ARN of one IAM role, with no wildcard in it."
  }

  validation {
    condition     = alltrue([for p in values(var.people) : length(p.roles) > 0])
    error_message = "Each person needs at least one role: leave out who has none."
  }

  validation {
    condition     = alltrue([for p in values(var.people) : p.enrol_until == null ? !p.first_device : can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", p.enrol_until))])
    error_message = "enrol_until is a time in UTC such as 2026-12-01T17:00:00Z, and first_device needs it."
  }
}

variable "path" {
  description = <<-EOT
    The path of the IAM users of `people`: all of them, those with `create_user = false` too. Keep it for the bot's users, and above all free of administrators.
    To change it moves users that this module made before: they keep name, keys and devices, and get another ARN, which the roles that take people_arns follow in the
    same apply. Whatever else names a user by ARN has to be changed by hand; move a user with `create_user = false` by `aws iam update-user --new-path`.
  EOT
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([A-Za-z0-9_+=,.@-]+/)*$", var.path)) && length(var.path) <= 512
    error_message = "It begins and ends with a slash, such as /assumebot/, and has no wildcard."
  }
}

variable "rotate_keys" {
  description = <<-EOT
    Whether the bot may replace people's access keys, as with `rotate_keys` in its config. Its identity then makes and deletes keys of each IAM user below `path`
    and writes each secret below `secret_path`. It needs a `path` that is not `/`: write `/assumebot/`, and read first what `path` does to users that are there.
  EOT
  type        = bool
  default     = false
}

variable "bot_name" {
  description = "The name of the bot's own role."
  type        = string
  default     = "assumebot"
}

variable "bot_services" {
  description = "The services of AWS whose hosts the bot runs on: EC2, ECS or the Pod Identity of EKS. Empty where bot_oidc is given instead."
  type        = set(string)
  default     = ["ec2.amazonaws.com"]

  validation {
    condition     = alltrue([for s in var.bot_services : contains(["ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "pods.eks.amazonaws.com"], s)])
    error_message = "Write ec2.amazonaws.com, ecs-tasks.amazonaws.com or pods.eks.amazonaws.com."
  }
}

variable "bot_oidc" {
  description = "The bot's service account where the cluster signs for it (IRSA): the ARN of the OpenID Connect provider in IAM, its issuer without https://, and the subject, such as system:serviceaccount:assumebot:assumebot."
  type = object({
    provider_arn = string
    issuer       = string
    subject      = string
  })
  default = null

  validation {
    condition     = var.bot_oidc == null ? true : can(regex("^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$", var.bot_oidc.subject))
    error_message = "The subject names one service account, with no wildcard: system:serviceaccount:NAMESPACE:NAME."
  }
}

variable "revokers" {
  description = "The ARNs of the revoker roles that the config names. The bot needs them for /assume revoke."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for r in var.revokers : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", r))])
    error_message = "Each of revokers is the ARN of one IAM role, with no wildcard in it."
  }
}

variable "keys" {
  description = "The KMS key that has wrapped the bot's seal keys and record key, and what the record is called. Null where they are in clear."
  type = object({
    kms_key_arn = string
    record      = string
  })
  default = null

  validation {
    condition     = var.keys == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.keys.kms_key_arn)) && length(var.keys.record) > 0
    error_message = "kms_key_arn is the ARN of one key, not of an alias, and record the NAME of `assumebot keygen record NAME`."
  }
}

variable "archive" {
  description = "Where the archive of the record is, as the output archive of the module audit says it. Null without one."
  type = object({
    bucket_arn  = string
    prefix      = string
    kms_key_arn = string
  })
  default = null
}

variable "secret_path" {
  description = "What the names of the people's secrets begin with. The bot reads all below it and nothing else."
  type        = string
  default     = "assumebot"

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=.@-]+(/[A-Za-z0-9_+=.@-]+)*$", var.secret_path))
    error_message = "It is a path such as assumebot, with no slash at either end and no wildcard."
  }
}

variable "secret_kms_key_arn" {
  description = "The KMS key that encrypts the secrets. Null takes the one of Secrets Manager."
  type        = string
  default     = null
}

variable "key_readers" {
  description = "ARNs of roles that may read people's keys beside the bot. Whoever reads one has that IAM user, without MFA."
  type        = list(string)
  default     = []
}

variable "host_secrets" {
  description = "What the bot's environment needs, each a secret of its own for the host to read. The bot's own role cannot."
  type        = set(string)
  default     = ["seal_keys", "record_key", "slack_app_token", "slack_bot_token", "redis_url"]
}

variable "host_secret_readers" {
  description = "ARNs of roles that alone may read the host's secrets, such as the execution role of an ECS task. Empty leaves that to their own policies."
  type        = list(string)
  default     = []
}
