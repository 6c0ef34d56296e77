"""The Terraform stack: the unchanged files of ecs/terraform/, and the documents and variables that they read."""

import re
from typing import Any

from . import documents
from .bindings import for_terraform
from .template import ECS_DIRECTORY

SOURCES = ECS_DIRECTORY / "terraform"


def sources() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(SOURCES.glob("*.tf"))}


def stack(values: dict[str, Any]) -> dict[str, str]:
    """The text of every file, by its path in the stack's directory."""
    files = sources()
    for name, document in documents.all_of(for_terraform(values)).items():
        plain = re.sub(r"^task-definition\..*", "task-definition.json", name.removeprefix("iam/"))
        files[f"documents/{plain}"] = documents.text(document)
    files["terraform.tfvars.json"] = documents.text(variables(values))
    return files


def variables(values: dict[str, Any]) -> dict[str, Any]:
    groups = [client for client in values["clients"] if client.startswith("sg-")]
    return {
        "name": values["name"],
        "image": values["image"],
        "vpc_id": values["vpc_id"],
        "subnets": values["subnets"],
        "port": values["port"],
        "client_cidrs": [client for client in values["clients"] if client not in groups],
        "client_security_groups": groups,
        "efs_throughput": values["efs_throughput"],
        "log_retention_days": values["log_retention_days"],
        "alarm_email": values["alarm_email"],
    }
