"""Checks without a provider: the sources parse, use declared names, and match the CloudFormation stack."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any

from .. import cloudformation, terraform
from .stack_tools import stacks
from .tools import tool

# Resource types that correspond to each other.
KINDS = {
    "AWS::CloudWatch::Alarm": "aws_cloudwatch_metric_alarm",
    "AWS::CloudWatch::Dashboard": "aws_cloudwatch_dashboard",
    "AWS::EC2::SecurityGroup": "aws_security_group",
    "AWS::EC2::SecurityGroupIngress": "aws_vpc_security_group_ingress_rule",
    "AWS::ECS::Cluster": "aws_ecs_cluster",
    "AWS::ECS::Service": "aws_ecs_service",
    "AWS::ECS::TaskDefinition": "aws_ecs_task_definition",
    "AWS::EFS::AccessPoint": "aws_efs_access_point",
    "AWS::EFS::FileSystem": "aws_efs_file_system",
    "AWS::EFS::MountTarget": "aws_efs_mount_target",
    "AWS::IAM::Role": "aws_iam_role",
    "AWS::Logs::LogGroup": "aws_cloudwatch_log_group",
    "AWS::Logs::MetricFilter": "aws_cloudwatch_log_metric_filter",
    "AWS::SNS::Topic": "aws_sns_topic",
    "AWS::SecretsManager::Secret": "aws_secretsmanager_secret",
}
# Resource types that CloudFormation writes inside another resource.
PARTS = {
    "aws_ecs_cluster_capacity_providers",
    "aws_efs_backup_policy",
    "aws_efs_file_system_policy",
    "aws_iam_role_policy",
    "aws_secretsmanager_secret_version",
    "aws_sns_topic_subscription",
    "aws_vpc_security_group_egress_rule",
}
# Parts of the documents that Terraform takes from a resource instead.
BY_RESOURCE = {
    "cluster",
    "taskDefinition",
    "executionRoleArn",
    "taskRoleArn",
    "containerDefinitions",
    "volumeConfigurations",
    "logGroupName",
}


def run(all_values: dict[str, dict[str, Any]]) -> Iterator[str]:
    files = terraform.sources()
    try:
        parsed = parse(files)
    except ValueError as error:
        yield str(error)
        return
    yield from references(files, parsed)
    for name, values in stacks(all_values).items():
        yield from (f"{name}: {what}" for what in unread_documents(files, terraform.stack(values)))
        yield from (f"{name}: {what}" for what in unlike_cloudformation(files, parsed, cloudformation.stack(values)))


def parse(files: dict[str, str]) -> dict[str, list[Any]]:
    """The blocks of all files by kind. Raises `ValueError` when they do not parse."""
    program = tool("hcl2tojson")
    with tempfile.NamedTemporaryFile("w", suffix=".tf", encoding="utf-8") as file:
        file.write("\n".join(files.values()))
        file.flush()
        done = subprocess.run([program, file.name], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise ValueError(f"ecs/terraform/ does not parse: {' '.join(done.stderr.split())[-300:]}")
    return json.loads(done.stdout)


def _names(entry: dict[str, Any]) -> list[str]:
    return [key.strip('"') for key in entry if not key.startswith("__")]


def declared(parsed: dict[str, list[Any]]) -> set[str]:
    found: set[str] = set()
    for kind, prefix in (("resource", ""), ("data", "data."), ("ephemeral", "ephemeral.")):
        for entry in parsed.get(kind, []):
            for block in _names(entry):
                found |= {
                    f"{prefix}{block}.{name}"
                    for name in _names(entry[block] if block in entry else entry[f'"{block}"'])
                }
    found |= {f"var.{name}" for entry in parsed.get("variable", []) for name in _names(entry)}
    found |= {f"local.{name}" for entry in parsed.get("locals", []) for name in _names(entry)}
    return found


def references(files: dict[str, str], parsed: dict[str, list[Any]]) -> Iterator[str]:
    known, used = declared(parsed), set()
    for name, text in files.items():
        code = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
        code = re.sub(r"^(resource|data|ephemeral) .*$", "", code, flags=re.MULTILINE)
        found = re.findall(r"(?<![\w.\"/])((?:data\.|ephemeral\.)?(?:aws|random)_\w+\.\w+|(?:var|local)\.\w+)", code)
        for reference in sorted(set(found) - known):
            yield f"{name} names {reference}, which nothing declares"
        used |= set(found)
    for name in sorted(known - used):
        if name.startswith(("var.", "local.", "data.")):
            yield f"nothing reads {name}"


def unread_documents(files: dict[str, str], stack: dict[str, str]) -> Iterator[str]:
    """Finds keys of documents that reach no resource, which would make Terraform differ from CloudFormation."""
    code = "\n".join(files.values())
    entries = {
        "local.task_definition": json.loads(stack["documents/task-definition.json"]),
        "local.service": json.loads(stack["documents/service.json"]),
        "local.filters[each.key]": json.loads(stack["documents/metric-filters.json"])[0],
        "local.alarms[each.key]": json.loads(stack["documents/alarms.json"])[0],
    }
    for prefix, document in entries.items():
        for key in document.keys() - BY_RESOURCE:
            name_is_key = key in ("AlarmName", "filterName")
            if not name_is_key and not re.search(re.escape(f"{prefix}.{key}") + r"\b", code):
                yield f"nothing reads {prefix}.{key}"


def unlike_cloudformation(files: dict[str, str], parsed: dict[str, list[Any]], stack: dict[str, Any]) -> Iterator[str]:
    ours = {name.split(".")[0] for name in declared(parsed) if name.startswith("aws_")}
    theirs = {resource["Type"] for resource in stack["Resources"].values()}
    for kind in sorted(theirs - KINDS.keys()):
        yield f"{kind} has no counterpart in Terraform"
    for kind in sorted(theirs & KINDS.keys()):
        if KINDS[kind] not in ours:
            yield f"Terraform makes no {KINDS[kind]}"
    for kind in sorted(ours - PARTS - set(KINDS.values())):
        yield f"CloudFormation does not make {kind}"
    point = next(r["Properties"] for r in stack["Resources"].values() if r["Type"] == "AWS::EFS::AccessPoint")
    owner = point["RootDirectory"]["CreationInfo"]
    wanted = {
        "uid": point["PosixUser"]["Uid"],
        "gid": point["PosixUser"]["Gid"],
        "owner_uid": owner["OwnerUid"],
        "owner_gid": owner["OwnerGid"],
        "permissions": f'"{owner["Permissions"]}"',
        "path": f'"{point["RootDirectory"]["Path"]}"',
        "encrypted": "true",
        "status": '"ENABLED"',
    }
    for key, value in wanted.items():
        if not re.search(rf"\b{key} += {re.escape(value)}$", files["storage.tf"], flags=re.MULTILINE):
            yield f"storage.tf: {key} is not {value}, as in CloudFormation"
