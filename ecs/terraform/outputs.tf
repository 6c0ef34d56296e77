output "cluster" {
  description = "The ECS cluster."
  value       = aws_ecs_cluster.gatehouse.name
}

output "service" {
  description = "The ECS service."
  value       = aws_ecs_service.gatehouse.name
}

output "log_group" {
  description = "Logs of both containers."
  value       = aws_cloudwatch_log_group.gatehouse.name
}

output "file_system" {
  description = "The volume that holds the dumps."
  value       = aws_efs_file_system.volume.id
}

output "task_security_group" {
  description = "The task's security group."
  value       = aws_security_group.task.id
}

output "admin_password_secret" {
  description = "Where the first user's password is."
  value       = aws_secretsmanager_secret.secret["admin_password"].arn
}
