# Two people, a role for the on-call and one for developers, the revoker, and the record in an account of
# its own.

provider "aws" {
  alias               = "hub"
  region              = var.region
  allowed_account_ids = [var.accounts.hub]

  assume_role {
    role_arn = "arn:aws:iam::${var.accounts.hub}:role/${var.deploy_role}"
  }
}

provider "aws" {
  alias               = "prod"
  region              = var.region
  allowed_account_ids = [var.accounts.prod]

  assume_role {
    role_arn = "arn:aws:iam::${var.accounts.prod}:role/${var.deploy_role}"
  }
}

provider "aws" {
  alias               = "audit"
  region              = var.region
  allowed_account_ids = [var.accounts.audit]

  assume_role {
    role_arn = "arn:aws:iam::${var.accounts.audit}:role/${var.deploy_role}"
  }
}

locals {
  # Written out: the roles trust the users, so the users' policies cannot wait for the roles.
  in_prod = "arn:aws:iam::${var.accounts.prod}:role"
}

module "hub" {
  source    = "../../hub"
  providers = { aws = aws.hub }

  people = {
    alice = { roles = ["${local.in_prod}/OnCall", "${local.in_prod}/Developer"] }
    bob   = { roles = ["${local.in_prod}/Developer"] }
  }
  revokers = ["${local.in_prod}/AssumebotRevoker"]
  archive  = module.audit.archive
}

module "prod" {
  source    = "../../spoke"
  providers = { aws = aws.prod }

  people       = module.hub.people_arns
  bot_role_arn = module.hub.bot_role_arn
  external_id  = var.external_id
  source_ips   = [var.bot_ip]

  roles = {
    OnCall = {
      people      = ["alice"]
      policies    = ["arn:aws:iam::aws:policy/PowerUserAccess"]
      at_most     = ["ec2:*", "ecs:*", "rds:*", "s3:*", "logs:*", "cloudwatch:*"]
      max_session = 14400
    }
    Developer = {
      policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
      at_most  = ["ec2:Describe*", "ecs:Describe*", "ecs:List*", "s3:Get*", "s3:List*", "logs:*", "cloudwatch:*"]
    }
  }
}

module "audit" {
  source    = "../../audit"
  providers = { aws = aws.audit }

  bucket       = var.bucket
  bot_role_arn = module.hub.bot_role_arn
  cloudtrail = {
    bucket  = "my-cloudtrail-bucket"
    account = var.accounts.hub
    region  = var.region
    since   = "2026/01/01"
  }
}
