"""Writes the files of a deployment from a file of variables."""

import argparse
import sys
from pathlib import Path
from typing import Any

from . import cloudformation, documents, terraform
from .bindings import for_awscli, is_wired, settle
from .limits import StopBudget
from .variables import WIRING, Faults, load

STACK_LAUNCHES = ("fargate", "fargate-spot")


def files(values: dict[str, Any]) -> dict[str, str]:
    """The text of every file, by its path."""
    rendered: dict[str, str] = {}
    if values["launch"] in STACK_LAUNCHES:
        rendered["cloudformation.json"] = documents.text(cloudformation.stack(values))
        rendered |= {f"terraform/{name}": text for name, text in terraform.stack(values).items()}
    if is_wired(values):
        found = documents.awscli_files(documents.all_of(for_awscli(values)))
        rendered |= {f"awscli/{name}": documents.text(document) for name, document in found.items()}
    return rendered


def left_out(values: dict[str, Any]) -> list[str]:
    notes = []
    if values["launch"] not in STACK_LAUNCHES:
        notes.append(f"no stack: those are for {' and '.join(STACK_LAUNCHES)}; {values['launch']} is for awscli")
    if not is_wired(values):
        notes.append(f"no awscli/: its files need {', '.join(WIRING)}")
    if values["target_group_arn"]:
        delay = StopBudget.of(values["stop_timeout"]).deregistration_delay
        notes.append(f"no target group: set deregistration_delay.timeout_seconds of yours to {delay}")
    return notes


def write(rendered: dict[str, str], output: Path) -> None:
    """Removes the documents of an earlier run, so that a removed alarm is not created again."""
    for directory in ("awscli", "terraform/documents"):
        for path in (output / directory).rglob("*.json"):
            if path.relative_to(output).as_posix() not in rendered:
                path.unlink()
    for name, text in rendered.items():
        path = output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="ecs-render", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "--variables",
        type=Path,
        default=Path("ecs/variables.json"),
        help="JSON, as ecs/variables.example.json (default: %(default)s)",
    )
    parser.add_argument(
        "--output", type=Path, default=Path(".build-ecs"), help="the directory to write to (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        values = settle(load(options.variables))
        rendered = files(values)
        if not rendered:
            raise Faults([f"{values['launch']} is deployed with awscli: give {', '.join(WIRING)}, too"])
    except Faults as error:
        print("\n".join(f"ecs-render: {fault}" for fault in error.faults), file=sys.stderr)
        return 65
    try:
        write(rendered, options.output)
    except OSError as error:
        print(f"ecs-render: {error.filename}: {error.strerror}; name another directory with --output", file=sys.stderr)
        return 73
    for name in rendered:
        print(options.output / name)
    for note in left_out(values):
        print(f"ecs-render: {note}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
