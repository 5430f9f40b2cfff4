variable "bucket" {
  description = "The name of the bucket that keeps the record. A second one, NAME-query, is for what Athena reads and answers."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,55}[a-z0-9]$", var.bucket))
    error_message = "It has 3 to 57 small letters, digits and hyphens."
  }
}

variable "prefix" {
  description = "What the keys in it begin with: the record is archived to s3://BUCKET/PREFIX."
  type        = string
  default     = "assumebot"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$", var.prefix))
    error_message = "It is a path of letters, digits, dots, hyphens and underscores, with no slash at either end."
  }
}

variable "bot_role_arn" {
  description = "The bot's own identity, which alone writes: the output bot_role_arn of the module hub."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", var.bot_role_arn))
    error_message = "It is the ARN of one IAM role, with no wildcard in it."
  }
}

variable "readers" {
  description = "ARNs of the roles of auditors. They read the archive, and work with Athena by policies of their own."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for r in var.readers : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", r))])
    error_message = "Each of readers is the ARN of one IAM role, with no wildcard in it."
  }
}

variable "keep_versions_days" {
  description = "For how many days a version of a tile is kept that somebody wrote over. At least as long as record.object_lock, since it is what was signed."
  type        = number
  default     = 3650

  validation {
    condition     = var.keep_versions_days >= 1
    error_message = "Write a number of days."
  }
}

variable "database" {
  description = "The name of the database in Athena."
  type        = string
  default     = "assumebot"
}

variable "cloudtrail" {
  description = "Where CloudTrail's log files of one account in one region are, and the first day, such as 2026/01/01. `path` is what stands before the account: AWSLogs, or AWSLogs/o-… of an organization. Null leaves their table out."
  type = object({
    bucket  = string
    path    = optional(string, "AWSLogs")
    account = string
    region  = string
    since   = string
  })
  default = null

  validation {
    condition     = var.cloudtrail == null ? true : can(regex("^[0-9]{12}$", var.cloudtrail.account)) && can(regex("^[0-9]{4}/[0-9]{2}/[0-9]{2}$", var.cloudtrail.since))
    error_message = "An account has 12 digits, and a day is written as 2026/01/01."
  }
}
