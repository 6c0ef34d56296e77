locals {
  # The name in Secrets Manager, the description, and the special characters that are allowed.
  secrets = {
    encryption_key   = { name = "encryption-key", description = "Encrypts the dumps; without it none can be decrypted", special = "" }
    jwt              = { name = "jwt-secret", description = "Signs tokens", special = "" }
    admin_password   = { name = "admin-password", description = "The first user's password", special = "!#%&*()-_=+[]{}<>:?" }
    sidecar_password = { name = "sidecar-password", description = "The password of the sidecar's account", special = "" }
  }
}

resource "aws_secretsmanager_secret" "secret" {
  for_each = local.secrets

  name        = "${var.name}/${each.value.name}"
  description = each.value.description

  lifecycle {
    prevent_destroy = true
  }
}

ephemeral "random_password" "secret" {
  for_each = local.secrets

  length           = 48
  special          = each.value.special != ""
  override_special = each.value.special
  min_lower        = 1
  min_upper        = 1
  min_numeric      = 1
  min_special      = each.value.special == "" ? 0 : 1
}

# Secrets are written once. A higher version would write new ones, and old dumps could no longer be decrypted.
resource "aws_secretsmanager_secret_version" "secret" {
  for_each = local.secrets

  secret_id                = aws_secretsmanager_secret.secret[each.key].id
  secret_string_wo         = ephemeral.random_password.secret[each.key].result
  secret_string_wo_version = 1
}
