# Athena over the record and CloudTrail: the tables of deploy/cloudtrail/athena.sql, which has the queries.
# The record's table reads what `assumebot record show 0.. --redis --json` wrote, put below record/ in the
# bucket for queries: private, and gone after a while.

locals {
  query_arn = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}-query"
}

resource "aws_s3_bucket" "query" {
  bucket = "${var.bucket}-query"
}

resource "aws_s3_bucket_ownership_controls" "query" {
  bucket = aws_s3_bucket.query.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "query" {
  bucket = aws_s3_bucket.query.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "query" {
  bucket = aws_s3_bucket.query.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.record.arn
    }
  }
}

resource "aws_s3_bucket_policy" "query" {
  bucket = aws_s3_bucket.query.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "NothingInClear"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.query_arn, "${local.query_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.query]
}

resource "aws_s3_bucket_lifecycle_configuration" "query" {
  bucket = aws_s3_bucket.query.id

  rule {
    id     = "for-a-month"
    status = "Enabled"

    filter {
      prefix = ""
    }

    expiration {
      days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_athena_workgroup" "record" {
  name = var.database

  configuration {
    enforce_workgroup_configuration = true

    result_configuration {
      output_location = "s3://${aws_s3_bucket.query.id}/results/"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = aws_kms_key.record.arn
      }
    }
  }
}

resource "aws_glue_catalog_database" "record" {
  name = var.database
}

resource "aws_glue_catalog_table" "record" {
  name          = "assumebot_record"
  database_name = aws_glue_catalog_database.record.name
  description   = "The entries of the record, one JSON object a line."
  table_type    = "EXTERNAL_TABLE"
  parameters    = { EXTERNAL = "TRUE" }

  storage_descriptor {
    location      = "s3://${aws_s3_bucket.query.id}/record/"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
    }

    columns {
      name = "number"
      type = "bigint"
    }

    columns {
      name = "leaf"
      type = "string"
    }
  }
}
