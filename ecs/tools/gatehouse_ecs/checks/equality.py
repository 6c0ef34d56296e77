"""Checks that CloudFormation, Terraform and awscli get the same documents, from the task to the dashboard."""

import json
import re
from collections.abc import Iterator
from typing import Any

from .. import cloudformation, documents
from ..bindings import REFERENCES, for_awscli, for_terraform

TOKENS = {path: "${" + name + "}" for name, path in REFERENCES.items()} | {"AlarmTopic": "${alarm_topic}"}


def differences(values: dict[str, Any]) -> Iterator[str]:
    terraform = documents.all_of(for_terraform(values))
    yield from _against_cloudformation(values, terraform)
    yield from _against_awscli(values, terraform)


def _against_cloudformation(values: dict[str, Any], terraform: dict[str, Any]) -> Iterator[str]:
    resources = cloudformation.stack(values)["Resources"]

    def properties(kind: str) -> list[Any]:
        return [resource["Properties"] for resource in resources.values() if resource["Type"] == kind]

    task, service = f"task-definition.{values['launch']}.json", terraform["service.json"]
    roles = {"iam/execution-role.json": "ExecutionRole", "iam/task-role.json": "TaskRole"}
    pairs = [
        (task, properties("AWS::ECS::TaskDefinition")[0], terraform[task]),
        ("service.json", properties("AWS::ECS::Service")[0], service),
        ("metric-filters.json", properties("AWS::Logs::MetricFilter"), terraform["metric-filters.json"]),
        ("alarms.json", properties("AWS::CloudWatch::Alarm"), terraform["alarms.json"]),
        (
            "iam/file-system-policy.json",
            properties("AWS::EFS::FileSystem")[0]["FileSystemPolicy"],
            terraform["iam/file-system-policy.json"],
        ),
        ("dashboard.json", _dashboard(properties("AWS::CloudWatch::Dashboard")[0]), terraform["dashboard.json"]),
    ]
    for name, logical in roles.items():
        role = resources[logical]["Properties"]
        pairs.append((name, role["Policies"][0]["PolicyDocument"], terraform[name]))
        pairs.append(("iam/trust.json", role["AssumeRolePolicyDocument"], terraform["iam/trust.json"]))
    for name, ours, theirs in pairs:
        for path in unequal(comparable(ours), comparable(theirs)):
            yield f"{name}: CloudFormation and Terraform differ at {path}"


def _against_awscli(values: dict[str, Any], terraform: dict[str, Any]) -> Iterator[str]:
    bound = for_awscli(values)
    literal = {name: bound[name] for name in REFERENCES} | {"alarm_topic": "${alarm_topic}"}
    for name, document in documents.all_of(bound | _topic(values)).items():
        text = json.dumps(terraform[name])
        filled = re.sub(r"\$\{([a-z_]+)\}", lambda found: str(literal[found[1]]), text)
        for path in unequal(document, json.loads(filled)):
            yield f"{name}: awscli and Terraform differ at {path}"


def _topic(values: dict[str, Any]) -> dict[str, Any]:
    """The topic of alarms. The stacks create one if an address is set; for awscli there is none."""
    return {"alarm_actions": ["${alarm_topic}"]} if values["alarm_email"] else {}


def _dashboard(properties: dict[str, Any]) -> Any:
    return json.loads(_tokens(properties["DashboardBody"]["Fn::Sub"]))


def _tokens(text: str) -> str:
    return re.sub(r"\$\{([A-Za-z:.]+)\}", lambda found: TOKENS.get(found[1], found[0]), text)


def comparable(node: Any) -> Any:
    """Converts references to tokens, and keys to lower case, because CloudFormation capitalizes the same keys."""
    if isinstance(node, list):
        return [comparable(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.keys() == {"Ref"}:
        return TOKENS[node["Ref"]]
    if node.keys() == {"Fn::GetAtt"}:
        return TOKENS[".".join(node["Fn::GetAtt"])]
    if node.keys() == {"Fn::Sub"}:
        return _tokens(node["Fn::Sub"])
    return {key.lower(): comparable(value) for key, value in node.items()}


def unequal(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """The paths at which two documents differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            if key not in ours or key not in theirs:
                yield f"{path}/{key}"
            else:
                yield from unequal(ours[key], theirs[key], f"{path}/{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (our, their) in enumerate(zip(ours, theirs, strict=True)):
            yield from unequal(our, their, f"{path}/{number}")
    elif ours != theirs:
        yield path or "/"
