"""The values of the names in the templates: in files for awscli, in CloudFormation and in Terraform."""

import re
from typing import Any

from .limits import (
    LONGEST_START,
    STANDBY_LAG,
    WRITER_LINES,
    StopBudget,
    default_stop_timeout,
    joint_faults,
    keeps_standby,
)
from .template import Attribute
from .variables import WIRING, Faults, resolve

# By the name in the templates: CloudFormation's name. In Terraform it is a token that `templatefile` replaces.
REFERENCES = {
    "image": "Image",
    "partition": "AWS::Partition",
    "region": "AWS::Region",
    "account": "AWS::AccountId",
    "cluster": "Cluster",
    "log_group": "LogGroup",
    "task_definition": "TaskDefinition",
    "execution_role_arn": "ExecutionRole.Arn",
    "task_role_arn": "TaskRole.Arn",
    "file_system_id": "FileSystem",
    "access_point_id": "AccessPoint",
    "task_security_group": "TaskSecurityGroup",
    "encryption_key_secret_arn": "EncryptionKeySecret",
    "jwt_secret_arn": "JwtSecret",
    "admin_password_secret_arn": "AdminPasswordSecret",
    "sidecar_password_secret_arn": "SidecarPasswordSecret",
}
ECR_IMAGE = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?/([^:@]+)")


def settle(given: dict[str, Any]) -> dict[str, Any]:
    """All variables, checked separately and together, with those derived from others."""
    values = resolve(given)
    if values["stop_timeout"] is None:
        values["stop_timeout"] = default_stop_timeout(values["launch"])
    if values["dump_age_alarm"] is None:
        values["dump_age_alarm"] = values["auto_save_max_age"] + 2 * values["auto_save_freq"]
    values["repository_arn"] = values["repository_arn"] or repository_of(values["image"])
    faults = joint_faults(values)
    if faults:
        raise Faults(faults)
    return values


def is_wired(values: dict[str, Any]) -> bool:
    return all(values[name] is not None for name in WIRING)


def for_awscli(values: dict[str, Any]) -> dict[str, Any]:
    """Bindings to literals. The names of resources that the user creates are derived from `name`."""
    name, region, account = values["name"], values["region"], values["account"]
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    role = f"arn:{partition}:iam::{account}:role/{name}"
    made = {
        "partition": partition,
        "cluster": name,
        "log_group": f"/ecs/{name}",
        "task_definition": name,
        "execution_role_arn": f"{role}-execution",
        "task_role_arn": f"{role}-task",
        "infrastructure_role_arn": f"{role}-infrastructure",
    }
    return _derived(values | made, values["alarm_topic_arn"])


def for_cloudformation(values: dict[str, Any]) -> dict[str, Any]:
    topic = Attribute("AlarmTopic").alone() if values["alarm_email"] else values["alarm_topic_arn"]
    return _derived(values | {name: Attribute(path) for name, path in REFERENCES.items()}, topic)


def for_terraform(values: dict[str, Any]) -> dict[str, Any]:
    topic = "${alarm_topic}" if values["alarm_email"] else values["alarm_topic_arn"]
    return _derived(values | {name: "${" + name + "}" for name in REFERENCES}, topic)


def _derived(values: dict[str, Any], topic: Any) -> dict[str, Any]:
    launch = values["launch"]
    budget = StopBudget.of(values["stop_timeout"])
    on_ebs, on_ec2, on_spot = launch == "fargate-ebs", launch == "ec2", launch == "fargate-spot"
    offsite = values["offsite_bucket"] is not None
    rolls = keeps_standby(launch, values["target_group_arn"])
    repository = values["repository_arn"]
    derived = {
        "task_cpu": str(values["cpu"]),
        "task_memory": str(values["memory"]),
        "sidecar_stop_timeout": budget.sidecar_stop,
        "drain_deadline": budget.drain_deadline,
        "service_stop_timeout": budget.service_stop,
        "offsite_region": values["region"] if offsite else None,
        "offsite_prefix": values["offsite_prefix"] if offsite else None,
        "offsite_interval": values["offsite_interval"] if offsite else None,
        "offsite_lag_alarm": values["offsite_lag_alarm"] if offsite else None,
        "offsite_journal_lag_alarm": values["offsite_journal_lag_alarm"] if offsite else None,
        "burst_credits_alarm": 100_000_000_000 if values["efs_throughput"] == "bursting" else None,
        "repository_login": "*" if repository else None,
        "metric_namespace": f"Gatehouse/{values['name']}",
        "alarm_actions": [topic] if topic else [],
        "launch_type": None if on_spot else "EC2" if on_ec2 else "FARGATE",
        "platform_version": None if on_ec2 else values["platform_version"],
        "capacity_provider_strategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}] if on_spot else None,
        "assign_public_ip": None if on_ec2 else "ENABLED" if values["public_ip"] else "DISABLED",
        "load_balancers": _load_balancers(values),
        "drain_grace": budget.drain_grace if values["target_group_arn"] else None,
        "minimum_healthy_percent": 100 if rolls else 0,
        "maximum_percent": 200 if rolls else 100,
        "writer_lines_alarm": WRITER_LINES,
        "standby_lag_alarm": STANDBY_LAG if rolls else None,
        "fewest_standbys": 1 if values["desired_count"] > 1 else None,
        "longest_start": LONGEST_START,
        "health_check_grace_period": LONGEST_START if values["target_group_arn"] else None,
        "volume_configurations": [_ebs_volume(values)] if on_ebs else None,
    }
    restored_by = "volume-owner" if values["first_start"] else "newest-copy"
    derived["service_depends_on"] = [{"containerName": restored_by, "condition": "SUCCESS"}] if on_ebs else None
    if on_ebs:
        derived |= {"file_system_id": None, "access_point_id": None}
    return values | derived


def repository_of(image: str) -> str | None:
    """The ARN of the ECR repository of `image`."""
    found = ECR_IMAGE.match(image)
    if not found:
        return None
    account, region, china, repository = found.groups()
    partition = "aws-cn" if china else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    return f"arn:{partition}:ecr:{region}:{account}:repository/{repository}"


def _load_balancers(values: dict[str, Any]) -> list[dict[str, Any]] | None:
    group = values["target_group_arn"]
    return [{"targetGroupArn": group, "containerName": "gatehouse", "containerPort": values["port"]}] if group else None


def _ebs_volume(values: dict[str, Any]) -> dict[str, Any]:
    volume = {
        "roleArn": values["infrastructure_role_arn"],
        "sizeInGiB": values["ebs_size"],
        "volumeType": "gp3",
        "encrypted": True,
        "filesystemType": "ext4",
    }
    return {"name": "generated", "managedEBSVolume": volume}
