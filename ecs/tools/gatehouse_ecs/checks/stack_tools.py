"""Checks the CloudFormation stack with cfn-lint, and the Terraform stack with terraform."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import cloudformation, documents, terraform
from ..render import STACK_LAUNCHES, write
from ..template import ECS_DIRECTORY
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
        write(terraform.stack(values), Path(directory))
        yield Path(directory)
