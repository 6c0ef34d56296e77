# The values are in terraform.tfvars.json beside this file. scripts/ecs-render writes both.

variable "name" {
  description = "The name of the cluster, the service and all that belongs to them."
  type        = string
}

variable "image" {
  description = "The image of both containers, with a tag that never moves, or a digest."
  type        = string

  validation {
    condition     = can(regex("(:[A-Za-z0-9_.-]+|@sha256:[0-9a-f]{64})$", var.image)) && !endswith(var.image, ":latest")
    error_message = "Name a version or a digest, so that a restart runs what you tested."
  }
}

variable "vpc_id" {
  description = "The VPC of the task and its volume."
  type        = string
}

variable "subnets" {
  description = "Subnets of the task and of the volume's mount targets, one per zone."
  type        = list(string)
}

variable "port" {
  description = "The port of the gateway."
  type        = number
}

variable "client_cidrs" {
  description = "Address blocks that may reach the port."
  type        = list(string)
}

variable "client_security_groups" {
  description = "Security groups that may reach the port."
  type        = list(string)
}

variable "efs_throughput" {
  description = "How the volume's throughput is paid: elastic or bursting."
  type        = string
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
}

variable "alarm_email" {
  description = "Where alarms are sent; null: no topic is made."
  type        = string
}
