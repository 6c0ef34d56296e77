"""Renders every way to launch, and checks it with the project's rules, awscli, cfn-lint and terraform."""

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from . import rules
from .checks import awscli_trial, equality, stack_tools, terraform_apply, terraform_sources
from .checks.tools import Missing
from .render import STACK_LAUNCHES
from .samples import deployment, variants, wired
from .variables import Faults, load

Step = Callable[[dict[str, dict[str, Any]]], Iterable[str]]


def _rules(all_values: dict[str, dict[str, Any]]) -> Iterable[str]:
    launches: dict[tuple[rules.Rule, str], list[str]] = {}
    for values in all_values.values():
        for finding in rules.check(deployment(values)):
            launches.setdefault((finding.rule, finding.what), []).append(finding.launch)
    for (rule, what), where in launches.items():
        yield f"{rule.id} ({', '.join(dict.fromkeys(where))}): {what}. {rule.sentence} {rule.remedy}"


def _equality(all_values: dict[str, dict[str, Any]]) -> Iterable[str]:
    for name, values in all_values.items():
        if values["launch"] in STACK_LAUNCHES:
            yield from (f"{name}: {difference}" for difference in equality.differences(values))


# The steps: what each does, with which tool, and whether --strict requires the tool.
STEPS: tuple[tuple[str, Step, bool], ...] = (
    ("rules", _rules, True),
    ("one source for all stacks", _equality, True),
    ("awscli and moto take it", awscli_trial.run, True),
    ("cfn-lint", stack_tools.cfn_lint, True),
    ("terraform's sources", terraform_sources.run, True),
    ("terraform fmt", stack_tools.terraform_format, False),
    ("terraform validate and apply, to stand-ins for its providers", terraform_apply.check, False),
    ("terraform validate, with its own providers", stack_tools.terraform_validate, False),
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="ecs-check", description=__doc__, allow_abbrev=False)
    parser.add_argument("--variables", type=Path, help="your variables; without: the example, for every way to launch")
    parser.add_argument(
        "--strict", action="store_true", help="fail when awscli, moto, cfn-lint or python-hcl2 is missing"
    )
    options = parser.parse_args(arguments)
    try:
        if options.variables:
            values = wired(load(options.variables))
            all_values = {values["launch"]: values}
        else:
            all_values = variants()
    except Faults as error:
        print("\n".join(f"ecs-check: {fault}" for fault in error.faults), file=sys.stderr)
        return 65
    failed = False
    for name, step, insisted in STEPS:
        failed |= not _run(name, step, all_values, options.strict and insisted)
    return 1 if failed else 0


def _run(name: str, step: Step, all_values: dict[str, dict[str, Any]], strict: bool) -> bool:
    start = time.monotonic()
    try:
        found = list(step(all_values))
    except Missing as error:
        print(f"{'FAILED ' if strict else 'skipped'} {name}: {error}")
        return not strict
    except Faults as error:
        found = error.faults
    print(f"{'FAILED ' if found else 'ok     '} {name} ({time.monotonic() - start:.1f} s)")
    for what in found:
        print(f"        {what}")
    return not found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
