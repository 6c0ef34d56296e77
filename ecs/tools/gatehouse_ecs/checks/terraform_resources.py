"""Terraform's resources, converted to documents of the ECS and CloudWatch APIs."""

import json
from typing import Any


def _without_nothing(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if value not in (None, [], {})}


def task_definition(found: dict[str, Any]) -> dict[str, Any]:
    def volume(found: dict[str, Any]) -> dict[str, Any]:
        (efs,) = found["efs_volume_configuration"]
        (authorization,) = efs["authorization_config"]
        configuration = {
            "fileSystemId": efs["file_system_id"],
            "rootDirectory": efs["root_directory"],
            "transitEncryption": efs["transit_encryption"],
            "authorizationConfig": {"accessPointId": authorization["access_point_id"], "iam": authorization["iam"]},
        }
        return {"name": found["name"], "efsVolumeConfiguration": configuration}

    (platform,) = found["runtime_platform"]
    runtime = {
        "operatingSystemFamily": platform["operating_system_family"],
        "cpuArchitecture": platform["cpu_architecture"],
    }
    return {
        "family": found["family"],
        "requiresCompatibilities": found["requires_compatibilities"],
        "networkMode": found["network_mode"],
        "cpu": found["cpu"],
        "memory": found["memory"],
        "runtimePlatform": runtime,
        "executionRoleArn": found["execution_role_arn"],
        "taskRoleArn": found["task_role_arn"],
        "containerDefinitions": json.loads(found["container_definitions"]),
        "volumes": [volume(each) for each in found["volume"]],
    }


def service(found: dict[str, Any]) -> dict[str, Any]:
    (network,), (controller,) = found["network_configuration"], found["deployment_controller"]
    (breaker,) = found["deployment_circuit_breaker"]
    return _without_nothing(
        {
            "cluster": found["cluster"].replace(":id", "").rpartition(":")[2],
            "serviceName": found["name"],
            "taskDefinition": found["task_definition"],
            "desiredCount": found["desired_count"],
            "schedulingStrategy": found["scheduling_strategy"],
            "launchType": found["launch_type"],
            "platformVersion": found["platform_version"],
            "capacityProviderStrategy": [
                {"capacityProvider": each["capacity_provider"], "weight": each["weight"]}
                for each in found["capacity_provider_strategy"]
            ],
            "deploymentController": {"type": controller["type"]},
            "deploymentConfiguration": {
                "maximumPercent": found["deployment_maximum_percent"],
                "minimumHealthyPercent": found["deployment_minimum_healthy_percent"],
                "deploymentCircuitBreaker": {"enable": breaker["enable"], "rollback": breaker["rollback"]},
            },
            "availabilityZoneRebalancing": found["availability_zone_rebalancing"],
            "networkConfiguration": {
                "awsvpcConfiguration": {
                    "subnets": network["subnets"],
                    "securityGroups": network["security_groups"],
                    "assignPublicIp": "ENABLED" if network["assign_public_ip"] else "DISABLED",
                }
            },
            "loadBalancers": [
                {
                    "targetGroupArn": each["target_group_arn"],
                    "containerName": each["container_name"],
                    "containerPort": each["container_port"],
                }
                for each in found["load_balancer"]
            ],
            "healthCheckGracePeriodSeconds": found["health_check_grace_period_seconds"],
            "propagateTags": found["propagate_tags"],
        }
    ) | {"enableExecuteCommand": found["enable_execute_command"]}


def alarm(found: dict[str, Any]) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in (found["dimensions"] or {}).items()]
    return {
        "AlarmName": found["alarm_name"],
        "AlarmDescription": found["alarm_description"],
        "Namespace": found["namespace"],
        "MetricName": found["metric_name"],
        "Statistic": found["statistic"],
        "Period": found["period"],
        "EvaluationPeriods": found["evaluation_periods"],
        "DatapointsToAlarm": found["datapoints_to_alarm"],
        "ComparisonOperator": found["comparison_operator"],
        "Threshold": found["threshold"],
        "TreatMissingData": found["treat_missing_data"],
        "AlarmActions": found["alarm_actions"],
        "OKActions": found["ok_actions"],
    } | ({"Dimensions": dimensions} if dimensions else {})


def metric_filter(found: dict[str, Any]) -> dict[str, Any]:
    (made,) = found["metric_transformation"]
    transformation = {
        "metricName": made["name"],
        "metricNamespace": made["namespace"],
        "metricValue": made["value"],
        "unit": made["unit"],
    }
    return {
        "logGroupName": found["log_group_name"],
        "filterName": found["name"],
        "filterPattern": found["pattern"],
        "metricTransformations": [_without_nothing(transformation)],
    }
