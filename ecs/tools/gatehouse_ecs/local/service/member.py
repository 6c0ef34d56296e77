"""One task of the service: its containers as processes, on an address and a metadata endpoint of its own."""

import contextlib
import dataclasses
import secrets
import shutil
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gatehouse_ecs.local import Refused, ending, volume
from gatehouse_ecs.local.definition import TaskDefinition
from gatehouse_ecs.local.endpoints import Endpoints
from gatehouse_ecs.local.metadata import Metadata
from gatehouse_ecs.local.plan import Plan
from gatehouse_ecs.local.processes import ProcessRuntime
from gatehouse_ecs.local.states import TaskStates
from gatehouse_ecs.local.task import Task
from gatehouse_ecs.local.timeline import Event, Timeline

LAST_LINES = 5


@dataclass(frozen=True)
class Surroundings:
    """What all tasks of the service share."""

    data: Path
    programs: Path | None
    # Container port → port here; the same for every task, as each has an address of its own.
    ports: dict[int, int]
    # Where the output of containers is written; `None`: nowhere.
    logs: Path | None
    # By how much the waits of health checks are shortened.
    haste: float
    tell: Callable[[str, str], None]


class Member:
    def __init__(
        self,
        number: int,
        revision: int,
        zone: str,
        definition: TaskDefinition,
        secret_values: dict[str, dict[str, str]],
        around: Surroundings,
    ) -> None:
        self.name = f"task {number}"
        self.revision = revision
        self.zone = zone
        # Each task of a run has another one: the range has 64,516.
        self.address = f"127.{1 + number // 254 % 254}.77.{1 + number % 254}"
        self.is_lost = False
        # When ECS began to take it out of service, and when it sent SIGTERM; seconds of a clock that only goes forward.
        self.leaves_at: float | None = None
        self.was_told = False
        self.is_registered = False
        self.was_healthy = False
        self.healthy_at: float | None = None
        self.started_at = 0.0
        self._definition = _hastened(definition, around.haste)
        self._secrets = secret_values
        self._around = around
        self._last: dict[str, deque[str]] = {one.name: deque(maxlen=LAST_LINES) for one in definition.containers}
        self._lock = threading.Lock()
        self._states = TaskStates(self._definition)
        self._timeline = Timeline(self._told)
        self._cleanup = contextlib.ExitStack()
        self._task = self._set_up()
        self._thread = threading.Thread(target=self._task.run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._task.ask_to_stop()

    def lose(self) -> None:
        self.is_lost = True
        self._task.lose()

    @property
    def has_ended(self) -> bool:
        return not self._thread.is_alive()

    @property
    def runs(self) -> bool:
        """Whether all containers were started, which makes ECS register the target."""
        return self._states.known_status == "RUNNING"

    @property
    def is_well(self) -> bool:
        return self._task.is_well

    @property
    def reason(self) -> str:
        return self._task.reason or ""

    @property
    def processes(self) -> set[int]:
        """The numbers of its containers' processes."""
        return {one.pid for one in self._runtime.running}

    def faults(self) -> str | None:
        """What was not in order at its end, in a sentence; `None`: nothing."""
        outcome = ending.of(self._definition, self._states, self._task, self._timeline, "", [])
        return None if outcome.all_well else outcome.sentence.partition("; ")[2]

    def last_lines(self) -> list[str]:
        return [f"{name}: {line}" for name, lines in self._last.items() for line in lines]

    def close(self) -> None:
        self._cleanup.close()

    def _set_up(self) -> Task:
        directories, fresh = volume.directories(self._definition, self._around.data)
        for directory in fresh:
            self._cleanup.callback(shutil.rmtree, directory, ignore_errors=True)
        ports = self._around.ports | _own_ports(self._definition, self._around.ports)
        self._runtime = ProcessRuntime(directories, self._around.programs, ports, self._log, self.address)
        self._cleanup.callback(self._runtime.close)
        metadata = Metadata(self._definition, self._states, secrets.token_hex(8), self.address, f"local-{self.zone}")
        endpoints = Endpoints(self.address, self._definition, metadata, self._timeline.note)
        self._cleanup.callback(endpoints.close)
        return Task(
            self._definition,
            self._states,
            self._runtime,
            lambda name: (
                self._definition[name].environment | endpoints.environment(name),
                self._secrets[name] | endpoints.secret_environment(),
            ),
            Plan(),
            self._timeline,
        )

    def _told(self, event: Event) -> None:
        who = self.name if event.who == "task" else f"{self.name} {event.who}"
        used = "" if event.budget is None else f" after {event.used:.1f} of {event.budget:g} s"
        self._around.tell(who, f"{event.what}{used}")

    def _log(self, container: str, line: str) -> None:
        with self._lock:
            self._last[container].append(line)
            if self._around.logs is not None:
                path = self._around.logs / f"{self.name.replace(' ', '-')}-{container}.log"
                with path.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")


def _hastened(definition: TaskDefinition, haste: float) -> TaskDefinition:
    return dataclasses.replace(
        definition,
        containers=tuple(
            one
            if one.health_check is None
            else dataclasses.replace(
                one, health_check=dataclasses.replace(one.health_check, interval=one.health_check.interval / haste)
            )
            for one in definition.containers
        ),
    )


def _own_ports(definition: TaskDefinition, shared: dict[int, int]) -> dict[int, int]:
    """Ports that programs open for their own task, such as that of metrics: on 127.0.0.1, so each task needs others here."""
    found = {}
    for container in definition.containers:
        for name, value in container.environment.items():
            if name.endswith("_PORT") and value.isdigit() and int(value) and int(value) not in shared:
                found[int(value)] = free_port()
    return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def shared_ports(definition: TaskDefinition) -> dict[int, int]:
    ports = list(dict.fromkeys(port for container in definition.containers for port in container.ports))
    if not ports:
        raise Refused("--service: no container of the definition has a port; add portMappings to one")
    return {port: free_port() for port in ports}
