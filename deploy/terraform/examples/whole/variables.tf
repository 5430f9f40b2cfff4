variable "region" {
  description = "The region of the secrets and of the record."
  type        = string
  default     = "eu-west-1"
}

variable "accounts" {
  description = "The AWS accounts: hub has the IAM users and the bot, prod the roles, audit the record."
  type = object({
    hub   = string
    prod  = string
    audit = string
  })

  validation {
    condition     = alltrue([for id in values(var.accounts) : can(regex("^[0-9]{12}$", id))]) && length(distinct(values(var.accounts))) == 3
    error_message = "These are three accounts, each with 12 digits: whoever administers one must not have the record of the other."
  }
}

variable "deploy_role" {
  description = "The name of the role by which Terraform works in each of them."
  type        = string
  default     = "terraform"
}

variable "external_id" {
  description = "The external_id of the accounts in the config: a random one."
  type        = string
}

variable "bot_ip" {
  description = "The address from which the bot calls AWS, such as 192.0.2.10/32."
  type        = string
}

variable "bucket" {
  description = "The name of the bucket for the record."
  type        = string
}
