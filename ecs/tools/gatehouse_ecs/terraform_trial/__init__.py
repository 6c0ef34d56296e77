"""A substitute for Terraform's providers, so that Terraform validates and applies the stack without an account."""
