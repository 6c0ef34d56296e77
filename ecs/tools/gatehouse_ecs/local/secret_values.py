"""Values for the `secrets` of a task definition: from a file, where ECS asks Secrets Manager."""

import json
from pathlib import Path

from gatehouse_ecs.local import Refused
from gatehouse_ecs.local.definition import TaskDefinition


def read(path: Path) -> dict[str, str]:
    """A JSON object, or lines NAME=value. Faults name the line, never what is in it."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"the secrets can't be read: {error}") from None
    if text.lstrip().startswith("{"):
        try:
            values = json.loads(text)
        except ValueError as error:
            raise Refused(f"{path} is not JSON: line {error.lineno}, column {error.colno}") from None
        for name, value in values.items():
            if not isinstance(value, str):
                raise Refused(f"{path}: the value of {name} must be text")
        return values
    values = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip().removeprefix("export ")
        if not line or line.startswith("#"):
            continue
        name, sign, value = line.partition("=")
        if not sign or not name.isidentifier():
            raise Refused(f"{path}, line {number}: write it as NAME=value")
        values[name] = value
    return values


def hand_out(definition: TaskDefinition, values: dict[str, str], source: Path | None) -> dict[str, dict[str, str]]:
    """Each container's own secrets, and nothing else, by container name. Refuses when any is missing, naming all."""
    wanted: dict[str, list[str]] = {}
    for container in definition.containers:
        for name in container.secrets:
            if name not in values:
                wanted.setdefault(name, []).append(container.name)
    if wanted:
        lines = "\n".join(f"  - {name} (for {', '.join(names)})" for name, names in wanted.items())
        cure = f"add them to {source}" if source else "name a file that has them as NAME=value: --secrets FILE"
        raise Refused(f"ResourceInitializationError: these secrets are missing; {cure}\n{lines}")
    return {one.name: {name: values[name] for name in one.secrets} for one in definition.containers}
