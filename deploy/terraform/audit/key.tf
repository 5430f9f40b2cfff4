# The key that encrypts both buckets. Without it what is archived cannot be read: it is never deleted at
# once, and Terraform does not delete it at all.

data "aws_region" "current" {}

locals {
  by_s3 = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.current.region}.${data.aws_partition.current.dns_suffix}" } }

  key_policy = {
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "TheAccountManagesIt"
          Effect    = "Allow"
          Principal = { AWS = local.root }
          Action    = "kms:*"
          Resource  = "*"
        },
        {
          Sid       = "TheBotByS3Alone"
          Effect    = "Allow"
          Principal = { AWS = var.bot_role_arn }
          Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
          Resource  = "*"
          Condition = local.by_s3
        },
      ],
      [for statement in [{
        Sid       = "AuditorsByS3Alone"
        Effect    = "Allow"
        Principal = { AWS = var.readers }
        Action    = "kms:Decrypt"
        Resource  = "*"
        Condition = local.by_s3
      }] : statement if length(var.readers) > 0],
    )
  }
}

resource "aws_kms_key" "record" {
  description             = "The record of assumebot in ${var.bucket}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode(local.key_policy)

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "record" {
  name          = "alias/${var.bucket}"
  target_key_id = aws_kms_key.record.key_id
}
