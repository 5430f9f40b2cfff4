# The secrets, without their values: what Terraform writes stands in its state. deploy/docs/install.md says
# how a key gets in. A policy on each has AWS refuse all other readers, an administrator of the account too;
# who may change that policy can undo it, which CloudTrail tells.

resource "aws_secretsmanager_secret" "key" {
  for_each = var.people

  name        = "${var.secret_path}/${each.key}"
  description = "The access key of ${each.key}, for ${var.bot_name} alone."
  kms_key_id  = var.secret_kms_key_arn
}

resource "aws_secretsmanager_secret_policy" "key" {
  for_each = aws_secretsmanager_secret.key

  secret_arn = each.value.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TheBotAloneReadsIt"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"]
      Resource  = "*"
      Condition = { ArnNotEquals = { "aws:PrincipalArn" = concat([aws_iam_role.bot.arn], var.key_readers) } }
    }]
  })
}

resource "aws_secretsmanager_secret" "host" {
  for_each = var.host_secrets

  name        = "${var.bot_name}-host/${each.key}"
  description = "What the host of ${var.bot_name} gives it as ${each.key}."
  kms_key_id  = var.secret_kms_key_arn
}

resource "aws_secretsmanager_secret_policy" "host" {
  for_each = { for name, secret in aws_secretsmanager_secret.host : name => secret if length(var.host_secret_readers) > 0 }

  secret_arn = each.value.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TheHostAloneReadsIt"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"]
      Resource  = "*"
      Condition = { ArnNotEquals = { "aws:PrincipalArn" = var.host_secret_readers } }
    }]
  })
}
