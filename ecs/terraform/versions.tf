terraform {
  # Secrets are passed to Secrets Manager as write-only arguments, so the state never contains them.
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.4"
    }
    random = {
      source  = "hashicorp/random"
      version = ">= 3.7"
    }
  }
}
