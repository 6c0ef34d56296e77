"""cfn-lint on the CloudFormation stack; terraform on the Terraform stack."""

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any

from .. import cloudformation, documents, terraform
from ..bindings import for_terraform
from ..render import STACK_LAUNCHES
from ..template import ECS_DIRECTORY
from .equality import unequal
from .tools import Missing, run, tool

TERRAFORM_REMEDY = "install Terraform 1.11 or newer"


def stacks(all_values: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: values for name, values in all_values.items() if values["launch"] in STACK_LAUNCHES}


def cfn_lint(all_values: dict[str, dict[str, Any]]) -> Iterator[str]:
    program = tool("cfn-lint")
    with tempfile.TemporaryDirectory() as directory:
        paths = []
        for name, values in stacks(all_values).items():
            path = Path(directory, re.sub(r"\W+", "-", name) + ".json")
            path.write_text(documents.text(cloudformation.stack(values)), encoding="utf-8")
            paths.append(str(path))
        if paths:
            done = run([program, "--non-zero-exit-code", "informational", *paths])
            if done.returncode != 0:
                yield from (line for line in done.stdout.splitlines() if line.strip())


def terraform_format(_: dict[str, dict[str, Any]]) -> Iterator[str]:
    done = run([tool("terraform", TERRAFORM_REMEDY), "fmt", "-check", "-list=true", str(ECS_DIRECTORY / "terraform")])
    if done.returncode != 0:
        yield from (f"{line}: run terraform fmt" for line in done.stdout.splitlines() if line.endswith(".tf"))


def terraform_documents(all_values: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Lets terraform itself read and fill the documents, with made-up names, and compares with what ours are."""
    program = tool("terraform", TERRAFORM_REMEDY)
    for name, values in stacks(all_values).items():
        with _stack(values) as directory:
            names = _stand_alone(directory, values)
            for command in (["init", "-input=false"], ["apply", "-input=false", "-auto-approve"]):
                done = run([program, *command, "-no-color"], directory)
                if done.returncode != 0:
                    yield f"{name}: terraform {command[0]}: {' '.join(done.stdout.split())[-600:]}"
                    return
            found = _outputs(program, directory)
            bound = for_terraform(values)
            wanted = {
                "containers": documents.task_definition(values["launch"], bound)["containerDefinitions"],
                "filters": {entry["filterName"]: entry for entry in documents.metric_filters(bound)},
                "alarms": {entry["AlarmName"]: entry for entry in documents.alarms(bound)},
                "service": documents.service(bound),
            }
            literal = {key: value for key, value in wanted.items() if key != "service"}
            filled = json.loads(Template(json.dumps(literal)).safe_substitute(names))
            for path in unequal(found, filled | {"service": wanted["service"]}):
                yield f"{name}: terraform reads {path} otherwise"


def terraform_validate(all_values: dict[str, dict[str, Any]]) -> Iterator[str]:
    program = tool("terraform", TERRAFORM_REMEDY)
    for name, values in stacks(all_values).items():
        with _stack(values) as directory:
            done = run([program, "init", "-backend=false", "-input=false", "-no-color"], directory, seconds=300)
            if done.returncode != 0:
                raise Missing(
                    "the aws provider can't be had here; run terraform init and validate in the rendered terraform/"
                )
            done = run([program, "validate", "-no-color"], directory)
            if done.returncode != 0:
                yield f"{name}: {' '.join(done.stdout.split())}"


@contextmanager
def _stack(values: dict[str, Any]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        for name, text in terraform.stack(values).items():
            path = Path(directory, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        yield Path(directory)


def _stand_alone(directory: Path, values: dict[str, Any]) -> dict[str, str]:
    """Leaves what needs no provider: variables and documents, with text for what resources would answer."""
    text = (directory / "documents.tf").read_text(encoding="utf-8")
    for path in directory.glob("*.tf"):
        if path.name != "variables.tf":
            path.unlink()
    text = re.sub(r"^data .*\n", "", text, flags=re.MULTILINE)
    names: dict[str, str] = {}

    def made_up(found: re.Match[str]) -> str:
        names[found[1]] = f"<{found[1]}>"
        return f'{found[1]}{found[2]}= "<{found[1]}>"'

    text = re.sub(r"(\w+)( +)= (?:aws_|one\(aws_|data\.aws_)\S+$", made_up, text, flags=re.MULTILINE)
    names["image"] = values["image"]
    outputs = "".join(
        f'output "{name}" {{\n  value = local.{name}\n}}\n' for name in ("containers", "filters", "alarms", "service")
    )
    (directory / "documents.tf").write_text(text + outputs, encoding="utf-8")
    return names


def _outputs(program: str, directory: Path) -> dict[str, Any]:
    text = run([program, "output", "-json", "-no-color"], directory).stdout
    return {
        name: output["value"] for name, output in json.JSONDecoder().raw_decode(text[text.index("{\n") :])[0].items()
    }
