# The bot's own identity, deploy/iam/bot-policy.json: it reads people's keys and assumes the revokers,
# and with an archive it keeps that. With rotate_keys it has deploy/iam/rotation-policy.json too.

locals {
  secrets = "arn:${data.aws_partition.current.partition}:secretsmanager:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:secret"

  bot_trust = {
    Version = "2012-10-17"
    Statement = concat(
      [for statement in [{
        Sid       = "ItsHost"
        Effect    = "Allow"
        Principal = { Service = sort(var.bot_services) }
        # Pod Identity tags the session with the pod's cluster, namespace and the like.
        Action = contains(var.bot_services, "pods.eks.amazonaws.com") ? ["sts:AssumeRole", "sts:TagSession"] : ["sts:AssumeRole"]
      }] : statement if length(var.bot_services) > 0],
      [for oidc in var.bot_oidc[*] : {
        Sid       = "ItsServiceAccount"
        Effect    = "Allow"
        Principal = { Federated = oidc.provider_arn }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "${oidc.issuer}:aud" = "sts.amazonaws.com"
            "${oidc.issuer}:sub" = oidc.subject
          }
        }
      }],
    )
  }

  bot_policy = {
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "ReadTheUsersKeys"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = "${local.secrets}:${var.secret_path}/*"
      }],
      [for key in var.secret_kms_key_arn[*] : {
        Sid       = "OpenThem"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = key
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${data.aws_region.current.region}.${data.aws_partition.current.dns_suffix}" } }
      }],
      [for statement in [
        {
          Sid    = "ReplaceTheKeysOfTheBotsUsers"
          Effect = "Allow"
          Action = [
            "iam:ListAccessKeys",
            "iam:GetAccessKeyLastUsed",
            "iam:CreateAccessKey",
            "iam:UpdateAccessKey",
            "iam:DeleteAccessKey",
          ]
          Resource = "${local.iam}:user${var.path}*"
        },
        {
          Sid      = "StoreThem"
          Effect   = "Allow"
          Action   = ["secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
          Resource = "${local.secrets}:${var.secret_path}/*"
        },
      ] : statement if var.rotate_keys],
      # PutSecretValue needs it beside kms:Decrypt:
      # https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
      [for key in var.secret_kms_key_arn[*] : {
        Sid       = "SealThem"
        Effect    = "Allow"
        Action    = "kms:GenerateDataKey"
        Resource  = key
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${data.aws_region.current.region}.${data.aws_partition.current.dns_suffix}" } }
      } if var.rotate_keys],
      [for keys in var.keys[*] : {
        Sid      = "OpenTheBotsOwnKeys"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = keys.kms_key_arn
        Condition = { StringEquals = {
          "kms:EncryptionContext:assumebot:origin"  = keys.record
          "kms:EncryptionContext:assumebot:purpose" = ["seal", "record"]
        } }
      }],
      [for statement in [{
        Sid      = "AssumeTheRevokersOfTheConfig"
        Effect   = "Allow"
        Action   = "sts:AssumeRole"
        Resource = var.revokers
      }] : statement if length(var.revokers) > 0],
      flatten([for archive in var.archive[*] : [
        {
          Sid      = "FindWhatIsArchived"
          Effect   = "Allow"
          Action   = ["s3:ListBucket", "s3:ListBucketVersions"]
          Resource = archive.bucket_arn
        },
        {
          Sid      = "KeepTheRecord"
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:PutObject", "s3:PutObjectRetention"]
          Resource = "${archive.bucket_arn}/${archive.prefix}/*"
        },
        {
          Sid      = "RemovePartialTilesAndFreeText"
          Effect   = "Allow"
          Action   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
          Resource = [for path in ["tile/*.p/*", "seals/*.p/*", "aside/*"] : "${archive.bucket_arn}/${archive.prefix}/${path}"]
        },
        {
          Sid      = "SealWhatIsKept"
          Effect   = "Allow"
          Action   = ["kms:GenerateDataKey", "kms:Decrypt"]
          Resource = archive.kms_key_arn
        },
      ]]),
    )
  }
}

resource "aws_iam_role" "bot" {
  name               = var.bot_name
  description        = "The Slack bot that issues credentials: it reads people's keys and assumes the revokers."
  assume_role_policy = jsonencode(local.bot_trust)

  lifecycle {
    precondition {
      condition     = length(local.bot_trust.Statement) > 0
      error_message = "Nothing could be the bot: give bot_services or bot_oidc."
    }
  }
}

resource "aws_iam_role_policy" "bot" {
  name   = var.bot_name
  role   = aws_iam_role.bot.name
  policy = jsonencode(local.bot_policy)

  lifecycle {
    precondition {
      condition     = !var.rotate_keys || var.path != "/"
      error_message = "rotate_keys needs a path of the bot's users, such as /assumebot/: below / are all IAM users of the account."
    }
  }
}

resource "aws_iam_instance_profile" "bot" {
  count = contains(var.bot_services, "ec2.amazonaws.com") ? 1 : 0

  name = var.bot_name
  role = aws_iam_role.bot.name
}
