"""Applies the stack with Terraform and substitute providers, and compares the result with the documents."""

import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import documents, terraform
from ..bindings import for_terraform
from ..render import write
from ..samples import ACCOUNT, REGION
from . import terraform_resources as written
from .equality import unequal
from .stack_tools import TERRAFORM_REMEDY, stacks
from .tools import Missing, run, tool

Resources = list[tuple[str, dict[str, Any]]]
# By the name in the documents: the name in Secrets Manager.
SECRETS = {
    "encryption_key": "encryption-key",
    "jwt": "jwt-secret",
    "admin_password": "admin-password",
    "sidecar_password": "sidecar-password",
}


class Refused(Exception):
    """Terraform refused the stack."""


def check(all_values: dict[str, dict[str, Any]]) -> Iterator[str]:
    for name, values in stacks(all_values).items():
        try:
            resources = apply(terraform.stack(values))
        except Refused as error:
            yield f"{name}: {error}"
        else:
            yield from (f"{name}: terraform makes another {what}" for what in differences(values, resources))


def apply(files: dict[str, str]) -> Resources:
    """The resources that Terraform makes of `files`, with their types and arguments. Raises `Refused`."""
    program = tool("terraform", TERRAFORM_REMEDY)
    try:
        from ..terraform_trial import provider, schema
    except ImportError as error:
        raise Missing(f"there is no {error.name} for Python; scripts/setup --ecs installs it") from error
    aws, random = provider.StandIn(schema.aws()), provider.StandIn(schema.random())
    with (
        tempfile.TemporaryDirectory() as directory,
        provider.served(aws) as aws_port,
        provider.served(random) as random_port,
    ):
        write(files, Path(directory))
        environment = {
            "TF_REATTACH_PROVIDERS": json.dumps(
                {"hashicorp/aws": _address(aws_port), "hashicorp/random": _address(random_port)}
            ),
            "TF_CLI_CONFIG_FILE": os.devnull,
            "CHECKPOINT_DISABLE": "1",
        }
        for command in (["init", "-input=false"], ["validate"], ["apply", "-input=false", "-auto-approve"]):
            done = run([program, *command, "-no-color"], Path(directory), environment)
            if done.returncode != 0:
                raise Refused(f"terraform {command[0]}: {' '.join(re.sub('[╷│╵]', '', done.stdout).split())[-800:]}")
    return aws.resources


def _address(port: int) -> dict[str, Any]:
    """A running provider in the form of TF_REATTACH_PROVIDERS, so that Terraform looks for no other."""
    return {
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": os.getpid(),
        "Test": True,
        "Addr": {"Network": "tcp", "String": f"127.0.0.1:{port}"},
    }


def differences(values: dict[str, Any], resources: Resources) -> Iterator[str]:
    """The differences between Terraform's resources and the documents."""
    wanted = _filled(documents.all_of(for_terraform(values)), names(values, resources))
    task = written.task_definition(_one(resources, "aws_ecs_task_definition"))
    system_policy = _one(resources, "aws_efs_file_system_policy")["policy"]
    dashboard = _one(resources, "aws_cloudwatch_dashboard")["dashboard_body"]
    pairs = {
        "task definition": (task, wanted[f"task-definition.{values['launch']}.json"]),
        "service": (written.service(_one(resources, "aws_ecs_service")), wanted["service.json"]),
        "file system policy": (json.loads(system_policy), wanted["iam/file-system-policy.json"]),
        "dashboard": (json.loads(dashboard), wanted["dashboard.json"]),
        "alarms": (
            {alarm["alarm_name"]: written.alarm(alarm) for alarm in _all(resources, "aws_cloudwatch_metric_alarm")},
            {alarm["AlarmName"]: alarm for alarm in wanted["alarms.json"]},
        ),
        "metric filters": (
            {each["name"]: written.metric_filter(each) for each in _all(resources, "aws_cloudwatch_log_metric_filter")},
            {found["filterName"]: found for found in wanted["metric-filters.json"]},
        ),
    }
    for policy in _all(resources, "aws_iam_role_policy"):
        document = {"start-task": "iam/execution-role.json", "run-task": "iam/task-role.json"}[policy["name"]]
        pairs[document] = (json.loads(policy["policy"]), wanted[document])
    for role in _all(resources, "aws_iam_role"):
        pairs[f"trust of {role['name_prefix']}"] = (json.loads(role["assume_role_policy"]), wanted["iam/trust.json"])
    for name, (made, document) in pairs.items():
        yield from (f"{name} at {path}" for path in unequal(made, document))


def names(values: dict[str, Any], resources: Resources) -> dict[str, str]:
    """The values that the names in the documents became."""
    roles = {role["name_prefix"]: role["arn"] for role in _all(resources, "aws_iam_role")}
    secrets = {secret["name"]: secret["arn"] for secret in _all(resources, "aws_secretsmanager_secret")}
    groups = {group["name_prefix"]: group["id"] for group in _all(resources, "aws_security_group")}
    topics = _all(resources, "aws_sns_topic")
    return {
        "image": values["image"],
        "partition": "aws",
        "region": REGION,
        "account": ACCOUNT,
        "cluster": _one(resources, "aws_ecs_cluster")["name"],
        "log_group": _one(resources, "aws_cloudwatch_log_group")["name"],
        "task_definition": _one(resources, "aws_ecs_task_definition")["arn"],
        "execution_role_arn": roles[f"{values['name']}-execution-"],
        "task_role_arn": roles[f"{values['name']}-task-"],
        "file_system_id": _one(resources, "aws_efs_file_system")["id"],
        "access_point_id": _one(resources, "aws_efs_access_point")["id"],
        "task_security_group": groups[f"{values['name']}-task-"],
        "alarm_topic": topics[0]["arn"] if topics else "",
        **{f"{name}_secret_arn": secrets[f"{values['name']}/{end}"] for name, end in SECRETS.items()},
    }


def _all(resources: Resources, kind: str) -> list[dict[str, Any]]:
    return [arguments for found, arguments in resources if found == kind]


def _one(resources: Resources, kind: str) -> dict[str, Any]:
    (found,) = _all(resources, kind)
    return found


def _filled(node: Any, given: dict[str, str]) -> Any:
    return json.loads(re.sub(r"\$\{([a-z_]+)\}", lambda token: given[token[1]], json.dumps(node)))
