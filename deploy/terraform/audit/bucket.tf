# The bucket that keeps the record, in an AWS account where neither the bot nor its people are. The bot
# locks each full tile itself (record.object_lock in the config). There is no default retention: partial
# tiles go, and free text must be erasable.

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

locals {
  root       = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"
  bucket_arn = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}"
  kept       = "${local.bucket_arn}/${var.prefix}"
  # What the bot removes: partial tiles with their seals, and free text. Never a full tile, nor the checkpoint.
  removable = [for path in ["tile/*.p/*", "seals/*.p/*", "aside/*"] : "${local.kept}/${path}"]

  bucket_policy = {
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "TheBotFindsWhatIsArchived"
          Effect    = "Allow"
          Principal = { AWS = var.bot_role_arn }
          Action    = ["s3:ListBucket", "s3:ListBucketVersions"]
          Resource  = local.bucket_arn
        },
        {
          Sid       = "TheBotKeepsTheRecord"
          Effect    = "Allow"
          Principal = { AWS = var.bot_role_arn }
          Action    = ["s3:GetObject", "s3:PutObject", "s3:PutObjectRetention"]
          Resource  = "${local.kept}/*"
        },
        {
          Sid       = "TheBotRemovesPartialTilesAndFreeText"
          Effect    = "Allow"
          Principal = { AWS = var.bot_role_arn }
          Action    = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
          Resource  = local.removable
        },
        {
          Sid       = "NobodyElseWrites"
          Effect    = "Deny"
          Principal = "*"
          Action    = ["s3:PutObject*", "s3:DeleteObject*", "s3:RestoreObject", "s3:ReplicateObject", "s3:ReplicateDelete"]
          Resource  = "${local.bucket_arn}/*"
          Condition = { ArnNotEquals = { "aws:PrincipalArn" = var.bot_role_arn } }
        },
        {
          Sid         = "NobodyRemovesAnythingElse"
          Effect      = "Deny"
          Principal   = "*"
          Action      = "s3:DeleteObject*"
          NotResource = local.removable
        },
        {
          Sid       = "NobodyPassesOverALock"
          Effect    = "Deny"
          Principal = "*"
          Action    = ["s3:BypassGovernanceRetention", "s3:PutObjectLegalHold"]
          Resource  = "${local.bucket_arn}/*"
        },
        {
          Sid       = "NothingInClear"
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:*"
          Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ],
      [for statement in [
        {
          Sid       = "AuditorsFindIt"
          Effect    = "Allow"
          Principal = { AWS = var.readers }
          Action    = ["s3:ListBucket", "s3:ListBucketVersions"]
          Resource  = local.bucket_arn
        },
        {
          Sid       = "AuditorsReadIt"
          Effect    = "Allow"
          Principal = { AWS = var.readers }
          Action    = ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectRetention"]
          Resource  = "${local.kept}/*"
        },
      ] : statement if length(var.readers) > 0],
    )
  }
}

resource "aws_s3_bucket" "record" {
  bucket              = var.bucket
  object_lock_enabled = true
  force_destroy       = false

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "record" {
  bucket = aws_s3_bucket.record.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_ownership_controls" "record" {
  bucket = aws_s3_bucket.record.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "record" {
  bucket = aws_s3_bucket.record.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "record" {
  bucket = aws_s3_bucket.record.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.record.arn
    }
  }
}

resource "aws_s3_bucket_policy" "record" {
  bucket = aws_s3_bucket.record.id
  policy = jsonencode(local.bucket_policy)

  depends_on = [aws_s3_bucket_public_access_block.record]
}

# No rule touches what is current. The checkpoint is written over all day; of a tile, what was written
# over is what was signed.
resource "aws_s3_bucket_lifecycle_configuration" "record" {
  bucket = aws_s3_bucket.record.id

  rule {
    id     = "checkpoints-of-before"
    status = "Enabled"

    filter {
      prefix = "${var.prefix}/checkpoint"
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }

  rule {
    id     = "tiles-written-over"
    status = "Enabled"

    filter {
      prefix = "${var.prefix}/tile/"
    }

    noncurrent_version_expiration {
      noncurrent_days = var.keep_versions_days
    }
  }

  rule {
    id     = "left-by-uploads-and-deletions"
    status = "Enabled"

    filter {
      prefix = "${var.prefix}/"
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  depends_on = [aws_s3_bucket_versioning.record]
}
