resource "aws_security_group" "task" {
  name_prefix = "${var.name}-task-"
  description = "Gatehouse: the task; clients come in on its port"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "task" {
  security_group_id = aws_security_group.task.id
  description       = "Upstreams, the registry, AWS"
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_ingress_rule" "client_cidr" {
  for_each = toset(var.client_cidrs)

  security_group_id = aws_security_group.task.id
  description       = "A client of the gateway"
  ip_protocol       = "tcp"
  from_port         = var.port
  to_port           = var.port
  cidr_ipv4         = each.value
}

resource "aws_vpc_security_group_ingress_rule" "client_security_group" {
  for_each = toset(var.client_security_groups)

  security_group_id            = aws_security_group.task.id
  description                  = "A client of the gateway"
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
  referenced_security_group_id = each.value
}

resource "aws_vpc_security_group_ingress_rule" "task_to_task" {
  security_group_id            = aws_security_group.task.id
  description                  = "Another task of the service"
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
  referenced_security_group_id = aws_security_group.task.id
}

resource "aws_security_group" "volume" {
  name_prefix = "${var.name}-volume-"
  description = "Gatehouse: the volume; only the task may mount it"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "volume" {
  security_group_id            = aws_security_group.volume.id
  description                  = "NFS from the task"
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  referenced_security_group_id = aws_security_group.task.id
}
