# The documents that scripts/ecs-render wrote, with references to this stack's resources filled in.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region
  account   = data.aws_caller_identity.current.account_id

  # The values for policies, alarms and the dashboard.
  names = {
    partition                   = local.partition
    region                      = local.region
    account                     = local.account
    cluster                     = aws_ecs_cluster.gatehouse.name
    log_group                   = aws_cloudwatch_log_group.gatehouse.name
    file_system_id              = aws_efs_file_system.volume.id
    access_point_id             = aws_efs_access_point.volume.id
    encryption_key_secret_arn   = aws_secretsmanager_secret.secret["encryption_key"].arn
    jwt_secret_arn              = aws_secretsmanager_secret.secret["jwt"].arn
    admin_password_secret_arn   = aws_secretsmanager_secret.secret["admin_password"].arn
    sidecar_password_secret_arn = aws_secretsmanager_secret.secret["sidecar_password"].arn
    alarm_topic                 = one(aws_sns_topic.alarms[*].arn)
  }

  # The further values for the task definition.
  task_names = merge(local.names, {
    image              = var.image
    execution_role_arn = aws_iam_role.execution.arn
    task_role_arn      = aws_iam_role.task.arn
  })

  # The unfilled documents. Values that are known before the first apply stay known when a referenced resource changes.
  documents       = "${path.module}/documents"
  task_definition = jsondecode(file("${local.documents}/task-definition.json"))
  service         = jsondecode(file("${local.documents}/service.json"))
  filter_names    = [for filter in jsondecode(file("${local.documents}/metric-filters.json")) : filter.filterName]
  alarm_names     = [for alarm in jsondecode(file("${local.documents}/alarms.json")) : alarm.AlarmName]

  # The filled documents.
  containers = jsondecode(templatefile("${local.documents}/task-definition.json", local.task_names)).containerDefinitions
  filters = {
    for filter in jsondecode(templatefile("${local.documents}/metric-filters.json", local.names)) : filter.filterName => filter
  }
  alarms = {
    for alarm in jsondecode(templatefile("${local.documents}/alarms.json", local.names)) : alarm.AlarmName => alarm
  }
}
