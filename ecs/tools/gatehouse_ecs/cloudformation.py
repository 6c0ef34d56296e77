"""The CloudFormation stack: the handwritten sections in ecs/cloudformation/, with the documents inserted."""

import json
from typing import Any

from . import documents
from .bindings import for_cloudformation
from .template import fill, read

SECTIONS = ("network", "storage", "secrets", "service")
# The API's keys whose CloudFormation spelling differs in more than a capital first letter.
SPELLINGS = {
    "efsVolumeConfiguration": "EFSVolumeConfiguration",
    "fileSystemId": "FilesystemId",
    "iam": "IAM",
    "managedEBSVolume": "ManagedEBSVolume",
}
# Maps whose keys are user-defined names.
VERBATIM = ("options",)


def stack(values: dict[str, Any]) -> dict[str, Any]:
    bound = for_cloudformation(values)
    launch = values["launch"]
    bound |= {
        "task_definition_properties": capitalized(documents.task_definition(launch, bound)),
        "service_properties": capitalized(documents.service(bound)),
        **{f"policy:{name}": documents.policy(name, bound) for name in documents.POLICIES},
    }
    parameters = fill(read("cloudformation/parameters.json"), values)
    resources: dict[str, Any] = {}
    for section in SECTIONS:
        resources |= fill(read(f"cloudformation/{section}.json"), bound)
    resources |= _mount_targets(values) | _ingress(values) | _monitoring(values, bound)
    resources["Service"]["DependsOn"] = [name for name in resources if name.startswith("MountTarget")]
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Gatehouse: one ECS task with the gateway and its sidecar, volume, secrets, roles and alarms",
        "Parameters": parameters,
        "Resources": resources,
        "Outputs": read("cloudformation/outputs.json"),
    }


def capitalized(node: Any) -> Any:
    """A document of the ECS API in CloudFormation's spelling."""
    if isinstance(node, list):
        return [capitalized(item) for item in node]
    if not isinstance(node, dict) or _is_function(node):
        return node
    return {spelling(key): value if key in VERBATIM else capitalized(value) for key, value in node.items()}


def spelling(key: str) -> str:
    return SPELLINGS.get(key, key[0].upper() + key[1:])


def _is_function(node: dict[str, Any]) -> bool:
    return len(node) == 1 and next(iter(node)) in ("Ref", "Fn::GetAtt", "Fn::Sub")


def _mount_targets(values: dict[str, Any]) -> dict[str, Any]:
    template = read("cloudformation/mount-target.json")
    return {
        f"MountTarget{number}": fill(template, {"subnet": subnet}) for number, subnet in enumerate(values["subnets"], 1)
    }


def _ingress(values: dict[str, Any]) -> dict[str, Any]:
    """The ingress rules of the port, one for each client."""
    rules = {}
    for number, client in enumerate(values["clients"], 1):
        source = "SourceSecurityGroupId" if client.startswith("sg-") else "CidrIp"
        properties = {
            "GroupId": {"Fn::GetAtt": ["TaskSecurityGroup", "GroupId"]},
            "Description": "A client of the gateway",
            "IpProtocol": "tcp",
            "FromPort": values["port"],
            "ToPort": values["port"],
            source: client,
        }
        rules[f"Client{number}"] = {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": properties}
    return rules


def _monitoring(values: dict[str, Any], bound: dict[str, Any]) -> dict[str, Any]:
    resources: dict[str, Any] = {}
    for metric_filter in documents.metric_filters(bound):
        logical = _logical(metric_filter["filterName"]) + "Filter"
        resources[logical] = {"Type": "AWS::Logs::MetricFilter", "Properties": capitalized(metric_filter)}
    for alarm in documents.alarms(bound):
        logical = _logical(alarm["AlarmName"].removeprefix(values["name"] + "-")) + "Alarm"
        resources[logical] = {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm}
    if values["alarm_email"]:
        subscription = {"Protocol": "email", "Endpoint": values["alarm_email"]}
        resources["AlarmTopic"] = {"Type": "AWS::SNS::Topic", "Properties": {"Subscription": [subscription]}}
    resources["Dashboard"] = {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": values["name"], "DashboardBody": {"Fn::Sub": _dashboard_text(bound)}},
    }
    return resources


def _dashboard_text(bound: dict[str, Any]) -> str:
    """Writes references inside a text in the form of `Fn::Sub`."""
    body = documents.dashboard(bound)
    return json.dumps(_references_as_text(body), ensure_ascii=False)


def _references_as_text(node: Any) -> Any:
    if isinstance(node, list):
        return [_references_as_text(item) for item in node]
    if not isinstance(node, dict):
        return node
    if _is_function(node) and "Ref" in node:
        return "${" + node["Ref"] + "}"
    return {key: _references_as_text(value) for key, value in node.items()}


def _logical(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))
