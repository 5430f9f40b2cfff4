output "role_arns" {
  description = "The roles by name: role_arn of the accounts in the config."
  value       = { for name, role in aws_iam_role.person : name => role.arn }
}

output "revoker_arn" {
  description = "The revoker of the accounts in the config; null without one."
  value       = one(aws_iam_role.revoker[*].arn)
}
