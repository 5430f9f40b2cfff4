# What a role may do at most, whatever policies it has. The revoker may put a policy on the role, so this is
# what keeps it from giving more.

locals {
  boundaries = {
    for role, given in var.roles : role => {
      Version = "2012-10-17"
      Statement = [
        {
          Sid      = "AtMostThese"
          Effect   = "Allow"
          Action   = given.at_most
          Resource = "*"
        },
        {
          Sid      = "AndNothingThatLeadsOutOfIt"
          Effect   = "Deny"
          Action   = ["iam:*", "sts:*", "organizations:*", "account:*", "sso:*", "identitystore:*"]
          Resource = "*"
        },
      ]
    } if given.boundary_arn == null
  }
}

resource "aws_iam_policy" "boundary" {
  for_each = local.boundaries

  name        = "${each.key}Boundary"
  description = "What the role ${each.key} may do at most."
  policy      = jsonencode(each.value)

  lifecycle {
    precondition {
      condition     = length(jsonencode(each.value)) <= 6144
      error_message = "IAM takes a policy of at most 6,144 characters: write wildcards, such as \"s3:*\"."
    }
  }
}
