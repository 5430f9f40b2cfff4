output "config" {
  description = "What the config of the bot takes from here."
  value = {
    secrets  = module.hub.secret_names
    roles    = module.prod.role_arns
    revoker  = module.prod.revoker_arn
    archive  = module.audit.archive_url
    identity = module.hub.bot_role_arn
  }
}
