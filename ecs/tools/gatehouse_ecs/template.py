"""Templates: JSON in which "${name}" stands for a value. Parts without a value are omitted."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .variables import Faults

ECS_DIRECTORY = Path(__file__).resolve().parents[2]
NAME = re.compile(r"\$\{([a-z0-9_:-]+)\}")


@dataclass(frozen=True)
class Attribute:
    """A value that only CloudFormation knows: `Resource` or `Resource.Attribute`."""

    path: str

    def alone(self) -> dict[str, Any]:
        resource, _, attribute = self.path.partition(".")
        return {"Fn::GetAtt": [resource, attribute]} if attribute else {"Ref": resource}

    def inside(self) -> str:
        return "${" + self.path + "}"


def read(name: str) -> Any:
    try:
        return json.loads((ECS_DIRECTORY / name).read_text(encoding="utf-8"))
    except ValueError as error:
        raise Faults([f"ecs/{name}: is not JSON ({error}); mend it there"]) from error


def fill(node: Any, values: dict[str, Any]) -> Any:
    """`node` with every "${name}" replaced. Raises `Faults` for an unknown name."""
    if isinstance(node, str):
        return _fill_text(node, values)
    if isinstance(node, list):
        return [filled for filled in (fill(item, values) for item in node) if filled is not None]
    if isinstance(node, dict):
        filled = {key: fill(value, values) for key, value in node.items()}
        return {key: value for key, value in filled.items() if value is not None}
    return node


def _fill_text(text: str, values: dict[str, Any]) -> Any:
    names = NAME.findall(text)
    for name in names:
        if name not in values:
            raise Faults(
                [
                    f"a template in ecs/ names ${{{name}}}, which nothing gives; "
                    "docs/deploy/ecs-variables.md lists all variables"
                ]
            )
    whole = NAME.fullmatch(text)
    if whole:
        value = values[whole[1]]
        return value.alone() if isinstance(value, Attribute) else value
    if any(values[name] is None for name in names):
        return None
    if any(isinstance(values[name], Attribute) for name in names):
        return {"Fn::Sub": NAME.sub(lambda found: _inside(values[found[1]]), text)}
    return NAME.sub(lambda found: str(values[found[1]]), text)


def _inside(value: Any) -> str:
    return value.inside() if isinstance(value, Attribute) else str(value)
