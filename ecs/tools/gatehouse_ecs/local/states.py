"""Where each container of the task is; written by the task, read by the endpoints from threads of their own."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gatehouse_ecs.local import health
from gatehouse_ecs.local.definition import TaskDefinition


@dataclass
class ContainerState:
    """Times in seconds of a clock that only goes forward; `None` for what has not happened."""

    has_started: bool = False
    has_ended: bool = False
    exit_code: int | None = None
    was_killed: bool = False
    signalled_at: float | None = None
    killed_at: float | None = None
    ended_at: float | None = None
    health: str = health.UNKNOWN
    health_since: str = ""
    health_exit_code: int | None = None
    health_output: str = ""
    # For the metadata: wall clock, as text.
    created: str = ""
    finished: str = ""

    @property
    def is_running(self) -> bool:
        return self.has_started and not self.has_ended

    @property
    def known_status(self) -> str:
        # ECS has pulled its image, and waits for what it depends on.
        if not self.has_started:
            return "STOPPED" if self.has_ended else "PULLED"
        return "STOPPED" if self.has_ended else "RUNNING"


class TaskStates:
    def __init__(self, definition: TaskDefinition) -> None:
        self.lock = threading.Lock()
        self.desired = "RUNNING"
        self.containers = {container.name: ContainerState() for container in definition.containers}

    def __getitem__(self, name: str) -> ContainerState:
        return self.containers[name]

    def change(self, name: str, **values: Any) -> None:
        with self.lock:
            for key, value in values.items():
                setattr(self.containers[name], key, value)

    def want_stopped(self) -> None:
        with self.lock:
            self.desired = "STOPPED"

    @property
    def known_status(self) -> str:
        known = [state.known_status for state in self.containers.values()]
        if all(status == "STOPPED" for status in known):
            return "STOPPED"
        return "CREATED" if "PULLED" in known else "RUNNING"


def now() -> str:
    """As ECS writes times."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
