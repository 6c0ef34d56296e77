resource "aws_cloudwatch_log_group" "gatehouse" {
  name              = "/ecs/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_ecs_cluster" "gatehouse" {
  name = var.name
}

resource "aws_ecs_cluster_capacity_providers" "gatehouse" {
  cluster_name       = aws_ecs_cluster.gatehouse.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

resource "aws_ecs_task_definition" "gatehouse" {
  family                   = local.task_definition.family
  requires_compatibilities = local.task_definition.requiresCompatibilities
  network_mode             = local.task_definition.networkMode
  cpu                      = local.task_definition.cpu
  memory                   = local.task_definition.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  container_definitions    = jsonencode(local.containers)

  runtime_platform {
    operating_system_family = local.task_definition.runtimePlatform.operatingSystemFamily
    cpu_architecture        = local.task_definition.runtimePlatform.cpuArchitecture
  }

  dynamic "volume" {
    for_each = local.task_definition.volumes

    content {
      name = volume.value.name

      efs_volume_configuration {
        file_system_id     = aws_efs_file_system.volume.id
        root_directory     = volume.value.efsVolumeConfiguration.rootDirectory
        transit_encryption = volume.value.efsVolumeConfiguration.transitEncryption

        authorization_config {
          access_point_id = aws_efs_access_point.volume.id
          iam             = volume.value.efsVolumeConfiguration.authorizationConfig.iam
        }
      }
    }
  }
}

resource "aws_ecs_service" "gatehouse" {
  cluster                            = aws_ecs_cluster.gatehouse.id
  name                               = local.service.serviceName
  task_definition                    = aws_ecs_task_definition.gatehouse.arn
  desired_count                      = local.service.desiredCount
  scheduling_strategy                = local.service.schedulingStrategy
  launch_type                        = try(local.service.launchType, null)
  platform_version                   = local.service.platformVersion
  availability_zone_rebalancing      = local.service.availabilityZoneRebalancing
  enable_execute_command             = local.service.enableExecuteCommand
  deployment_maximum_percent         = local.service.deploymentConfiguration.maximumPercent
  deployment_minimum_healthy_percent = local.service.deploymentConfiguration.minimumHealthyPercent
  health_check_grace_period_seconds  = try(local.service.healthCheckGracePeriodSeconds, null)
  propagate_tags                     = local.service.propagateTags

  deployment_controller {
    type = local.service.deploymentController.type
  }

  deployment_circuit_breaker {
    enable   = local.service.deploymentConfiguration.deploymentCircuitBreaker.enable
    rollback = local.service.deploymentConfiguration.deploymentCircuitBreaker.rollback
  }

  network_configuration {
    subnets          = local.service.networkConfiguration.awsvpcConfiguration.subnets
    security_groups  = [aws_security_group.task.id]
    assign_public_ip = local.service.networkConfiguration.awsvpcConfiguration.assignPublicIp == "ENABLED"
  }

  dynamic "capacity_provider_strategy" {
    for_each = try(local.service.capacityProviderStrategy, [])

    content {
      capacity_provider = capacity_provider_strategy.value.capacityProvider
      weight            = capacity_provider_strategy.value.weight
    }
  }

  dynamic "load_balancer" {
    for_each = try(local.service.loadBalancers, [])

    content {
      target_group_arn = load_balancer.value.targetGroupArn
      container_name   = load_balancer.value.containerName
      container_port   = load_balancer.value.containerPort
    }
  }

  depends_on = [
    aws_ecs_cluster_capacity_providers.gatehouse,
    aws_efs_mount_target.volume,
    aws_iam_role_policy.execution,
    aws_iam_role_policy.task,
    aws_secretsmanager_secret_version.secret,
  ]
}
