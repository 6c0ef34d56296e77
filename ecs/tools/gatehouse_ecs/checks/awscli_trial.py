"""Deploys every variant into a moto server with awscli, and checks the result."""

import json
from collections.abc import Iterator
from typing import Any

from .. import cloudformation
from ..bindings import for_awscli
from ..documents import all_of
from ..render import STACK_LAUNCHES
from .local_cloud import LocalCloud, Refused, local_cloud


def run(all_values: dict[str, dict[str, Any]]) -> Iterator[str]:
    try:
        with local_cloud() as cloud:
            made = network(cloud)
            # Roles, monitoring and the stack hardly differ, so only the fullest variant is checked.
            fullest = max(all_values, key=lambda name: "everything on" in name)
            for number, (name, values) in enumerate(all_values.items()):
                values = values | made | {"name": f"gatehouse{number}"}
                try:
                    yield from (f"{name}: {found}" for found in _deploy(cloud, values, is_whole=name == fullest))
                except Refused as error:
                    yield f"{name}: {error}"
    except Refused as error:
        yield str(error)


def network(cloud: LocalCloud) -> dict[str, Any]:
    subnets = cloud.call("ec2", "describe-subnets")["Subnets"]
    groups = cloud.call("ec2", "describe-security-groups")["SecurityGroups"]
    system = cloud.call("efs", "create-file-system", "--encrypted", "--creation-token", "trial")
    point = cloud.call(
        "efs", "create-access-point", "--file-system-id", system["FileSystemId"], "--client-token", "trial"
    )
    return {
        "vpc_id": subnets[0]["VpcId"],
        "subnets": [subnet["SubnetId"] for subnet in subnets[:2]],
        "task_security_group": groups[0]["GroupId"],
        "clients": ["10.0.0.0/16", groups[0]["GroupId"]],
        "file_system_id": system["FileSystemId"],
        "access_point_id": point["AccessPointId"],
    }


def _deploy(cloud: LocalCloud, values: dict[str, Any], is_whole: bool) -> Iterator[str]:
    bound = for_awscli(values)
    documents = all_of(bound)
    name, launch = values["name"], values["launch"]
    task, service = documents[f"task-definition.{launch}.json"], documents["service.json"]

    cloud.call("ecs", "create-cluster", "--cluster-name", name)
    if is_whole:
        _permit(cloud, bound, documents)
    registered = cloud.call("ecs", "register-task-definition", "--cli-input-json", cloud.file(task))["taskDefinition"]
    yield from (f"the task definition lost {path}" for path in lost(task, registered))
    cloud.call("ecs", "create-service", "--cli-input-json", cloud.file(service))
    described = cloud.call("ecs", "describe-services", "--cluster", name, "--services", name)["services"][0]
    # moto stores neither deploymentConfiguration nor availabilityZoneRebalancing. awscli's model has checked them.
    kept = ("serviceName", "desiredCount", "launchType", "loadBalancers", "schedulingStrategy")
    sent = {key: service[key] for key in kept if key in service}
    yield from (f"the service lost {path}" for path in lost(sent, described))
    if is_whole:
        started = cloud.call("ecs", "run-task", "--cli-input-json", cloud.file(_task_alone(service)))
        if len(started["tasks"]) != 1:
            yield f"run-task started nothing: {started['failures']}"
        yield from _monitor(cloud, name, documents)
        if launch in STACK_LAUNCHES:
            yield from _create_stack(cloud, values)


def _permit(cloud: LocalCloud, bound: dict[str, Any], documents: dict[str, Any]) -> None:
    name = bound["name"]
    cloud.call("logs", "create-log-group", "--log-group-name", bound["log_group"])
    for role in ("execution", "task"):
        cloud.call(
            "iam",
            "create-role",
            "--role-name",
            f"{name}-{role}",
            "--assume-role-policy-document",
            cloud.file(documents["iam/trust.json"]),
        )
        policy = cloud.file(documents[f"iam/{role}-role.json"])
        cloud.call(
            "iam",
            "put-role-policy",
            "--role-name",
            f"{name}-{role}",
            "--policy-name",
            "own",
            "--policy-document",
            policy,
        )
    if bound["file_system_id"] and "iam/file-system-policy.json" in documents:
        policy = cloud.file(documents["iam/file-system-policy.json"])
        cloud.call("efs", "put-file-system-policy", "--file-system-id", bound["file_system_id"], "--policy", policy)


def _task_alone(service: dict[str, Any]) -> dict[str, Any]:
    same = ("cluster", "taskDefinition", "launchType", "platformVersion", "networkConfiguration")
    return {key: service[key] for key in same if key in service}


def _create_stack(cloud: LocalCloud, values: dict[str, Any]) -> Iterator[str]:
    """Creates the stack under separate names, because the stack creates resources that already exist."""
    name = f"{values['name']}-stack"
    body = cloud.file(cloudformation.stack(values | {"name": name}))
    cloud.call("cloudformation", "validate-template", "--template-body", body)
    cloud.call(
        "cloudformation",
        "create-stack",
        "--stack-name",
        name,
        "--template-body",
        body,
        "--capabilities",
        "CAPABILITY_IAM",
    )
    stack = cloud.call("cloudformation", "describe-stacks", "--stack-name", name)["Stacks"][0]
    if stack["StackStatus"] != "CREATE_COMPLETE":
        yield f"create-stack ended with {stack['StackStatus']}"


def _monitor(cloud: LocalCloud, name: str, documents: dict[str, Any]) -> Iterator[str]:
    for metric_filter in documents["metric-filters.json"]:
        cloud.call("logs", "put-metric-filter", "--cli-input-json", cloud.file(metric_filter))
    for alarm in documents["alarms.json"]:
        cloud.call("cloudwatch", "put-metric-alarm", "--cli-input-json", cloud.file(alarm))
    cloud.call(
        "cloudwatch",
        "put-dashboard",
        "--dashboard-name",
        name,
        "--dashboard-body",
        cloud.file(documents["dashboard.json"]),
    )

    filters = {
        found["filterName"]: found
        for found in cloud.call("logs", "describe-metric-filters", "--log-group-name", f"/ecs/{name}")["metricFilters"]
    }
    for metric_filter in documents["metric-filters.json"]:
        yield from (f"a filter lost {path}" for path in lost(metric_filter, filters.get(metric_filter["filterName"])))
    alarms = {found["AlarmName"]: found for found in cloud.call("cloudwatch", "describe-alarms")["MetricAlarms"]}
    for alarm in documents["alarms.json"]:
        yield from (f"{alarm['AlarmName']} lost {path}" for path in lost(alarm, alarms.get(alarm["AlarmName"])))
    body = cloud.call("cloudwatch", "get-dashboard", "--dashboard-name", name)["DashboardBody"]
    yield from (f"the dashboard lost {path}" for path in lost(documents["dashboard.json"], json.loads(body)))


def lost(sent: Any, kept: Any, path: str = "") -> Iterator[str]:
    """The values that were sent but not returned, or returned differently. Additional defaults are accepted."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        for key, value in sent.items():
            yield from lost(value, kept.get(key), f"{path}/{key}")
    elif isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        for number, (item, other) in enumerate(zip(sent, kept, strict=True)):
            yield from lost(item, other, f"{path}/{number}")
    elif sent != kept and not (isinstance(sent, int) and sent == kept):
        yield f"{path}: {json.dumps(sent)} is now {json.dumps(kept)}"
