terraform {
  # Secrets go to Secrets Manager through write-only arguments, so the state never holds them.
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
