# The roles that people may have in this AWS account. Their trust policy is deploy/iam/role-trust-policy.json,
# or with source_ips role-trust-policy-source-ip.json.

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

locals {
  iam = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}"

  principals = {
    for role, given in var.roles : role => {
      AWS = [for name in coalesce(given.people, keys(var.people)) : var.people[name]]
    }
  }

  trust = {
    for role in keys(var.roles) : role => {
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "AssumeWithMFAUnderOnesOwnName"
          Effect    = "Allow"
          Principal = local.principals[role]
          Action    = "sts:AssumeRole"
          Condition = merge(
            {
              Bool = { "aws:MultiFactorAuthPresent" = "true" }
              StringEquals = {
                "sts:ExternalId"      = var.external_id
                "sts:RoleSessionName" = "$${aws:username}"
                "sts:SourceIdentity"  = "$${aws:username}"
              }
            },
            { for operator, keys in { IpAddress = { "aws:SourceIp" = var.source_ips } } : operator => keys if length(var.source_ips) > 0 },
          )
        },
        {
          Sid       = "SetOnesOwnSourceIdentity"
          Effect    = "Allow"
          Principal = local.principals[role]
          Action    = "sts:SetSourceIdentity"
          Condition = { StringEquals = { "sts:SourceIdentity" = "$${aws:username}" } }
        },
        {
          Sid       = "TagTheSession"
          Effect    = "Allow"
          Principal = local.principals[role]
          Action    = "sts:TagSession"
        },
      ]
    }
  }

  # Known beforehand, since the boundary speaks of itself.
  boundary_arns = {
    for role, given in var.roles : role => given.boundary_arn != null ? given.boundary_arn : "${local.iam}:policy/${role}Boundary"
  }
}

resource "aws_iam_role" "person" {
  for_each = var.roles

  name                 = each.key
  description          = "For people, by way of assumebot: with MFA, and under their own name alone."
  assume_role_policy   = jsonencode(local.trust[each.key])
  max_session_duration = each.value.max_session
  permissions_boundary = local.boundary_arns[each.key]

  depends_on = [aws_iam_policy.boundary]

  lifecycle {
    precondition {
      condition     = length(jsonencode(local.trust[each.key])) <= 4096
      error_message = "IAM takes a trust policy of 2,048 characters, or 4,096 where the account's quota (Role trust policy length) was raised: write two roles, each for some of the people."
    }
  }
}

resource "aws_iam_role_policy_attachment" "person" {
  for_each = merge([for role, given in var.roles : { for arn in given.policies : "${role} ${arn}" => { role = role, arn = arn } }]...)

  role       = aws_iam_role.person[each.value.role].name
  policy_arn = each.value.arn
}
