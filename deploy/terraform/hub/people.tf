# The people: an IAM user for each, and a policy that lets them assume their roles and keep their own
# MFA devices. It is deploy/iam/user-policy.json with the devices beside it.
#
# There are no access keys and no devices here: both would stand in the state, in clear.

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  iam = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}"

  # A virtual device is alice, or has the path /alice/: no user's name has a slash, so bob's are never below it.
  own_devices = ["${local.iam}:mfa/$${aws:username}", "${local.iam}:mfa/$${aws:username}/*"]
  own_user    = "${local.iam}:user${var.path}$${aws:username}"
  with_mfa    = { Bool = { "aws:MultiFactorAuthPresent" = "true" } }

  user_policies = {
    for name, person in var.people : name => {
      Version = "2012-10-17"
      Statement = concat(
        [{
          Sid      = "AssumeTheRolesOfTheConfig"
          Effect   = "Allow"
          Action   = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
          Resource = person.roles
        }],
        [for statement in local.keep_devices : statement if person.manage_devices],
        [for statement in [
          {
            Sid       = "MakeADeviceUntilThen"
            Effect    = "Allow"
            Action    = "iam:CreateVirtualMFADevice"
            Resource  = local.own_devices
            Condition = local.while_enrolling[name]
          },
          {
            Sid       = "AddItUntilThen"
            Effect    = "Allow"
            Action    = "iam:EnableMFADevice"
            Resource  = local.own_user
            Condition = local.while_enrolling[name]
          },
        ] : statement if person.manage_devices && person.enrol_until != null],
      )
    }
  }

  keep_devices = [
    {
      Sid      = "SeeOnesOwnDevices"
      Effect   = "Allow"
      Action   = "iam:ListMFADevices"
      Resource = local.own_user
    },
    {
      Sid       = "KeepOnesOwnDevices"
      Effect    = "Allow"
      Action    = ["iam:ResyncMFADevice", "iam:DeactivateMFADevice"]
      Resource  = local.own_user
      Condition = local.with_mfa
    },
    {
      Sid       = "RemoveOnesOwnDevices"
      Effect    = "Allow"
      Action    = "iam:DeleteVirtualMFADevice"
      Resource  = local.own_devices
      Condition = local.with_mfa
    },
  ]

  # Not with MFA alone: one code would do then for a device that lasts.
  while_enrolling = {
    for name, person in var.people : name => merge(
      { DateLessThan = { "aws:CurrentTime" = person.enrol_until } },
      { for operator, keys in local.with_mfa : operator => keys if !person.first_device },
    )
  }
}

resource "aws_iam_user" "person" {
  for_each = { for name, person in var.people : name => person if person.create_user }

  name = each.key
  path = var.path
}

resource "aws_iam_policy" "person" {
  for_each = local.user_policies

  name        = "${var.bot_name}-${each.key}"
  description = "What ${each.key} may do with their IAM user: assume the roles that ${var.bot_name} serves."
  policy      = jsonencode(each.value)

  lifecycle {
    precondition {
      condition     = length(jsonencode(each.value)) <= 6144
      error_message = "IAM takes a policy of at most 6,144 characters: give this person fewer roles."
    }
  }
}

resource "aws_iam_user_policy_attachment" "person" {
  for_each = aws_iam_policy.person

  user       = each.key
  policy_arn = each.value.arn

  depends_on = [aws_iam_user.person]
}
