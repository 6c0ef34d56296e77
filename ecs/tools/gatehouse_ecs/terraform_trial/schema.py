"""The schemas of the providers' resources, in the form of Terraform's plugin protocol (version 6)."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from .wire import field

FIXTURE = Path(__file__).with_name("aws-schema.json")
MODES = {"list": 2, "set": 3, "struct": 1}
CLASSES = ("lower", "upper", "numeric", "special")
# The schema that hashicorp/random 3.7 documents.
RANDOM_PASSWORD = {
    "attributes": {
        "length": {"type": "number", "required": True},
        "override_special": {"type": "string", "optional": True},
        "result": {"type": "string", "computed": True},
        "bcrypt_hash": {"type": "string", "computed": True},
        **{name: {"type": "bool", "optional": True, "computed": True} for name in CLASSES},
        **{f"min_{name}": {"type": "number", "optional": True, "computed": True} for name in CLASSES},
    },
    "blocks": {},
}


@cache
def aws() -> dict[str, Any]:
    """The schemas by `resource` and `data`, and then by type."""
    found = json.loads(FIXTURE.read_text(encoding="utf-8"))
    return {"resource": found["resource"], "data": found["data"], "ephemeral": {}}


def random() -> dict[str, Any]:
    return {"resource": {}, "data": {}, "ephemeral": {"random_password": RANDOM_PASSWORD}}


def answer(schemas: dict[str, Any]) -> bytes:
    """The response to GetProviderSchema."""
    empty = {"attributes": {"region": {"type": "string", "optional": True}}, "blocks": {}}
    encoded = field(1, _schema(empty))
    for section, number in (("resource", 2), ("data", 3), ("ephemeral", 8)):
        for name, schema in schemas[section].items():
            encoded += field(number, field(1, name) + field(2, _schema(schema)))
    return encoded


def _schema(schema: dict[str, Any]) -> bytes:
    return field(1, 0) + field(2, _block(schema))


def _block(schema: dict[str, Any]) -> bytes:
    attributes = b"".join(field(2, _attribute(name, attribute)) for name, attribute in schema["attributes"].items())
    return attributes + b"".join(field(3, _nested(name, block)) for name, block in schema["blocks"].items())


def _attribute(name: str, attribute: dict[str, Any]) -> bytes:
    encoded = field(1, name) + field(2, json.dumps(attribute["type"]))
    for key, number in (("required", 4), ("optional", 5), ("computed", 6), ("write_only", 11)):
        if attribute.get(key):
            encoded += field(number, 1)
    return encoded


def _nested(name: str, block: dict[str, Any]) -> bytes:
    encoded = field(1, name) + field(2, _block(block)) + field(3, MODES[block["mode"]])
    if block["mode"] == "struct":
        return encoded
    return encoded + field(4, int(block["required"])) + (field(5, 1) if block["single"] else b"")
