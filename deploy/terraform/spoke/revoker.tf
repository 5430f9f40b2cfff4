# The revoker, by which the bot has AWS refuse credentials that are still valid: deploy/iam/revoker-policy.json
# and revoker-trust-policy.json, for all roles of this module.

locals {
  revoker_trust = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TheBotAlone"
      Effect    = "Allow"
      Principal = { AWS = var.bot_role_arn }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:RoleSessionName" = "assumebot-revoker" } }
    }]
  }

  revoker_policy = {
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "ReadTheRevocationsOfOneRole"
        Effect   = "Allow"
        Action   = "iam:GetRolePolicy"
        Resource = [for role in keys(var.roles) : "${local.iam}:role/${role}"]
      }],
      [for i, role in keys(var.roles) : {
        # A Sid stands once in a policy.
        Sid       = i == 0 ? "KeepThemWhileTheRoleHasItsBoundary" : "KeepThemWhileTheRoleHasItsBoundary${i + 1}"
        Effect    = "Allow"
        Action    = "iam:PutRolePolicy"
        Resource  = "${local.iam}:role/${role}"
        Condition = { StringEquals = { "iam:PermissionsBoundary" = local.boundary_arns[role] } }
      }],
    )
  }
}

resource "aws_iam_role" "revoker" {
  count = var.bot_role_arn == null ? 0 : 1

  name               = var.revoker_name
  description        = "Has AWS refuse sessions of the roles that assumebot serves. It can only take away."
  assume_role_policy = jsonencode(local.revoker_trust)
}

resource "aws_iam_role_policy" "revoker" {
  count = var.bot_role_arn == null ? 0 : 1

  name   = "assumebot"
  role   = aws_iam_role.revoker[0].name
  policy = jsonencode(local.revoker_policy)
}
