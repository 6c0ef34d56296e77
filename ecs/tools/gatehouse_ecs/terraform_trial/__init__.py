"""A stand-in for Terraform's providers, so that Terraform validates and applies the stack without any account."""
