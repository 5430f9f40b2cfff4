output "bot_role_arn" {
  description = "The bot's own identity, for the modules spoke and audit."
  value       = aws_iam_role.bot.arn
}

output "people_arns" {
  description = "The IAM users, by name, for the module spoke. They are there before it trusts them."
  value       = { for name, attached in aws_iam_user_policy_attachment.person : name => "${local.iam}:user${var.path}${attached.user}" }
}

output "secret_names" {
  description = "The secret of each person: what the config has as credentials: {secret: NAME}."
  value       = { for name, secret in aws_secretsmanager_secret.key : name => secret.name }
}

output "host_secret_arns" {
  description = "The secrets of the bot's environment, for whatever starts the bot."
  value       = { for name, secret in aws_secretsmanager_secret.host : name => secret.arn }
}
