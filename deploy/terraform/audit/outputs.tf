output "archive" {
  description = "For the variable archive of the module hub."
  value = {
    bucket_arn  = aws_s3_bucket.record.arn
    prefix      = var.prefix
    kms_key_arn = aws_kms_key.record.arn
  }
}

output "archive_url" {
  description = "What the config has as record.archive."
  value       = "s3://${aws_s3_bucket.record.id}/${var.prefix}"
}

output "record_location" {
  description = "Where the export of the record goes that Athena reads."
  value       = aws_glue_catalog_table.record.storage_descriptor[0].location
}
