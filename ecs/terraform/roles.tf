locals {
  trust = templatefile("${local.documents}/trust.json", {
    partition = local.partition
    region    = local.region
    account   = local.account
  })
}

resource "aws_iam_role" "execution" {
  name_prefix        = "${var.name}-execution-"
  description        = "Gatehouse: what ECS needs to start the task: secrets, logs, the image"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "execution" {
  name   = "start-task"
  role   = aws_iam_role.execution.id
  policy = templatefile("${local.documents}/execution-role.json", local.names)
}

resource "aws_iam_role" "task" {
  name_prefix        = "${var.name}-task-"
  description        = "Gatehouse: what the containers may do: their volume, the task's protection, copies in S3"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "task" {
  name   = "run-task"
  role   = aws_iam_role.task.id
  policy = templatefile("${local.documents}/task-role.json", local.names)
}
