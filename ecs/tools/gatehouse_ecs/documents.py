"""The documents of a deployment: the filled templates in the form that the ECS and IAM APIs accept."""

import json
from typing import Any

from .template import NAME, fill, read
from .variables import LAUNCHES

POLICIES = ("trust", "execution-role", "task-role", "file-system-policy")


def task_definition(launch: str, bound: dict[str, Any]) -> dict[str, Any]:
    containers = {
        f"container:{name}": _listed(fill(definition, bound)) for name, definition in read("containers.json").items()
    }
    if bound["first_start"]:
        containers["container:newest-copy"] = None
    return fill(read(f"task-definition.{launch}.json"), bound | containers)


def service(bound: dict[str, Any]) -> dict[str, Any]:
    return fill(read("service.json"), bound)


def policy(name: str, bound: dict[str, Any]) -> dict[str, Any]:
    """A policy without the statements that lost their `Resource`, such as that for copies in S3 where there are none."""
    template = read(f"iam/{name}.json")
    filled = fill(template, bound)
    kept = [
        statement
        for wanted, statement in zip(template["Statement"], filled["Statement"], strict=True)
        if "Resource" in statement or "Resource" not in wanted
    ]
    return filled | {"Statement": kept}


def metric_filters(bound: dict[str, Any]) -> list[dict[str, Any]]:
    return _complete("metric-filters.json", bound)


def alarms(bound: dict[str, Any]) -> list[dict[str, Any]]:
    return _complete("alarms.json", bound)


def dashboard(bound: dict[str, Any]) -> dict[str, Any]:
    widgets = [widget for widget in read("dashboard.json")["widgets"] if _has_values(widget, bound)]
    return fill({"widgets": widgets}, bound)


def all_of(bound: dict[str, Any]) -> dict[str, Any]:
    """Every document of one deployment, by its file's name."""
    launch = bound["launch"]
    assert launch in LAUNCHES
    policies = {f"iam/{name}.json": policy(name, bound) for name in POLICIES if _applies(name, launch)}
    return policies | {
        f"task-definition.{launch}.json": task_definition(launch, bound),
        "service.json": service(bound),
        "metric-filters.json": metric_filters(bound),
        "alarms.json": alarms(bound),
        "dashboard.json": dashboard(bound),
    }


def awscli_files(documents: dict[str, Any]) -> dict[str, Any]:
    """`documents` in the form that awscli accepts, with a file for each filter and each alarm."""
    files = dict(documents)
    for entry in files.pop("metric-filters.json"):
        files[f"metric-filters/{entry['filterName']}.json"] = entry
    for entry in files.pop("alarms.json"):
        files[f"alarms/{entry['AlarmName']}.json"] = entry
    return files


def text(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _applies(policy_name: str, launch: str) -> bool:
    return policy_name != "file-system-policy" or launch != "fargate-ebs"


def _listed(container: dict[str, Any]) -> dict[str, Any]:
    """Converts `environment` and `secrets`, which are mappings in the template, to the lists that ECS accepts."""
    listed = dict(container)
    for key, value_key in (("environment", "value"), ("secrets", "valueFrom")):
        if key in container:
            listed[key] = [{"name": name, value_key: _text(value)} for name, value in container[key].items()]
    return listed


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) else value


def _complete(template: str, bound: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries except those that name a variable without a value, such as the alarm on copies where there are none."""
    return [fill(entry, bound) for entry in read(template) if _has_values(entry, bound)]


def _has_values(entry: Any, bound: dict[str, Any]) -> bool:
    return all(bound.get(name, "") is not None for name in NAME.findall(json.dumps(entry)))
