"""The types that the parts of `ecs-local` hand to each other."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from gatehouse_ecs.local.definition import Container

# JSON as an endpoint answers it, and the status beside it.
Document = dict[str, Any]
Answer = tuple[int, Document]
# Takes a line of output: the container's name, and the line.
Log = Callable[[str, str], None]
# Takes the end of a container: its exit code (`None`: not known), and the time of a clock that only goes forward.
ExitReport = Callable[[int | None, float], None]


class Running(Protocol):
    """A container that was started."""

    def terminate(self) -> None: ...

    def kill(self) -> None: ...

    def check(self, line: Sequence[str], timeout: float) -> tuple[int, str]: ...

    def is_held(self) -> bool: ...


class Runtime(Protocol):
    """Starts containers."""

    # The address of this machine, as the containers see it.
    address: str
    # The address of the task, as another one would see it.
    task_address: str
    # Container port → port of this machine.
    published: dict[int, int]

    def start(
        self, container: Container, environment: dict[str, str], secrets: dict[str, str], report: ExitReport
    ) -> Running: ...

    def close(self) -> None: ...
