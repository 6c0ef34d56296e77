"""What is to happen to the service by itself: one step after the other, each when the service is steady again."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    # `deploy`, `kill-task` or `kill-zone`.
    kind: str
    # The file of a task definition, the task, or the zone.
    what: str


@dataclass(frozen=True)
class Script:
    steps: tuple[Step, ...]
    # Seconds before each step and after the last.
    pause: float
    # The service ends with the script; without one it runs until it is asked to stop.
    ends: bool


def write(
    deploy: str | None, deployments: int, kill_task: str | None, kills: int, zone: str | None
) -> tuple[Step, ...]:
    steps = [Step("deploy", deploy)] * deployments if deploy else []
    steps += [Step("kill-task", kill_task)] * kills if kill_task else []
    steps += [Step("kill-zone", zone)] if zone else []
    return tuple(steps)
