"""The part of a task definition that decides how a task runs; checked as a whole, once."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatehouse_ecs.limits import DEFAULT_STOP, FARGATE_STOP, HEALTH_LIMITS
from gatehouse_ecs.local import Refused

CONDITIONS = ("START", "COMPLETE", "SUCCESS", "HEALTHY")
# Of a health check; seconds, but for the retries.
HEALTH_DEFAULTS = {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0}
NOT_IMITATED = ("restartPolicy", "environmentFiles", "firelensConfiguration", "ulimits", "systemControls", "privileged")


@dataclass(frozen=True)
class HealthCheck:
    """Times in seconds."""

    command: tuple[str, ...]
    interval: float = 30
    timeout: float = 5
    retries: int = 3
    start_period: float = 0

    @property
    def line(self) -> list[str]:
        """The program to run, with its arguments."""
        kind, *words = self.command
        return ["/bin/sh", "-c", *words] if kind == "CMD-SHELL" else words


@dataclass(frozen=True)
class Dependency:
    container: str
    condition: str


@dataclass(frozen=True)
class MountPoint:
    volume: str
    path: str
    is_read_only: bool


@dataclass(frozen=True)
class Container:
    name: str
    image: str
    command: tuple[str, ...] = ()
    entry_point: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    is_essential: bool = True
    depends_on: tuple[Dependency, ...] = ()
    health_check: HealthCheck | None = None
    mount_points: tuple[MountPoint, ...] = ()
    ports: tuple[int, ...] = ()
    stop_timeout: float = DEFAULT_STOP
    user: str = ""
    working_directory: str = ""
    has_read_only_root: bool = False
    has_init: bool = False
    capabilities_added: tuple[str, ...] = ()
    capabilities_dropped: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskDefinition:
    family: str
    containers: tuple[Container, ...]
    # Name → whether it outlives the task (EFS, EBS, a directory of the host).
    volumes: dict[str, bool]
    has_task_role: bool
    not_imitated: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Container:
        return next(container for container in self.containers if container.name == name)


def read(path: Path) -> TaskDefinition:
    try:
        text = path.read_text()
    except OSError as error:
        raise Refused(f"the task definition can't be read: {error}; name the file that is rendered") from None
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Refused(f"{path} is not JSON: {error}; a template must be rendered first") from None
    try:
        return parse(document)
    except (AttributeError, KeyError, TypeError) as error:
        raise Refused(
            f"{path} has not the shape of a task definition ({type(error).__name__}: {error}); "
            "`aws ecs register-task-definition --cli-input-json` and scripts/ecs-check say where"
        ) from None


def parse(document: Any) -> TaskDefinition:
    """Raises `Refused` with all faults at once."""
    if not isinstance(document, dict) or not isinstance(document.get("containerDefinitions"), list):
        raise Refused("this is no task definition: it has no list `containerDefinitions`")
    faults: list[str] = []
    is_fargate = "FARGATE" in document.get("requiresCompatibilities", [])
    containers = []
    for entry in document["containerDefinitions"]:
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            containers.append(_container(entry, is_fargate, faults))
        else:
            faults.append(
                "each entry of containerDefinitions must be an object with a `name`; is the template rendered?"
            )
    if document.get("networkMode", "awsvpc") != "awsvpc":
        faults.append(f"networkMode is {document['networkMode']}: only awsvpc is imitated here")
    volumes = {}
    for volume in document.get("volumes", []):
        is_kept = "efsVolumeConfiguration" in volume or volume.get("configuredAtLaunch") is True
        volumes[volume.get("name")] = is_kept or bool(volume.get("host", {}).get("sourcePath"))
    for container in containers:
        for mount in container.mount_points:
            if mount.volume not in volumes:
                faults.append(f"{container.name} mounts the volume {mount.volume}, which `volumes` does not have")
    _check_names(containers, faults)
    if faults:
        raise Refused("the task definition is not in order:\n" + "\n".join(f"  - {fault}" for fault in faults))
    seen = {key for entry in document["containerDefinitions"] for key in NOT_IMITATED if entry.get(key)}
    return TaskDefinition(
        family=str(document.get("family", "task")),
        containers=tuple(containers),
        volumes=volumes,
        has_task_role=bool(document.get("taskRoleArn")),
        not_imitated=tuple(sorted(seen)),
    )


def _container(entry: dict[str, Any], is_fargate: bool, faults: list[str]) -> Container:
    name = entry["name"]
    stop_timeout = entry.get("stopTimeout", DEFAULT_STOP)
    if not _is_whole(stop_timeout) or stop_timeout < 0:
        faults.append(f"{name}: stopTimeout must be a number of seconds, not {stop_timeout!r}")
        stop_timeout = DEFAULT_STOP
    elif is_fargate and stop_timeout > FARGATE_STOP:
        faults.append(f"{name}: stopTimeout is {stop_timeout}: Fargate takes at most {FARGATE_STOP}")
    linux = entry.get("linuxParameters", {})
    return Container(
        name=name,
        image=entry.get("image", ""),
        command=tuple(entry.get("command", ())),
        entry_point=tuple(entry.get("entryPoint", ())),
        environment={pair["name"]: str(pair["value"]) for pair in entry.get("environment", ())},
        secrets=tuple(pair["name"] for pair in entry.get("secrets", ())),
        is_essential=entry.get("essential", True),
        depends_on=tuple(Dependency(one["containerName"], one["condition"]) for one in entry.get("dependsOn", ())),
        health_check=_health_check(name, entry["healthCheck"], faults) if entry.get("healthCheck") else None,
        mount_points=tuple(
            MountPoint(one["sourceVolume"], one["containerPath"].rstrip("/") or "/", one.get("readOnly", False))
            for one in entry.get("mountPoints", ())
        ),
        ports=tuple(one["containerPort"] for one in entry.get("portMappings", ())),
        stop_timeout=stop_timeout,
        user=str(entry.get("user", "")),
        working_directory=entry.get("workingDirectory", ""),
        has_read_only_root=entry.get("readonlyRootFilesystem", False),
        has_init=linux.get("initProcessEnabled", False),
        capabilities_added=tuple(linux.get("capabilities", {}).get("add", ())),
        capabilities_dropped=tuple(linux.get("capabilities", {}).get("drop", ())),
    )


def _health_check(name: str, entry: dict[str, Any], faults: list[str]) -> HealthCheck:
    command = entry.get("command")
    if not isinstance(command, list) or len(command) < 2 or command[0] not in ("CMD", "CMD-SHELL"):
        faults.append(f'{name}: the command of healthCheck must be ["CMD", program, …] or ["CMD-SHELL", line]')
        command = ("CMD", "true")
    values = {}
    for key, (least, most) in HEALTH_LIMITS.items():
        values[key] = entry.get(key, HEALTH_DEFAULTS[key])
        if not _is_whole(values[key]) or not least <= values[key] <= most:
            faults.append(f"{name}: {key} of healthCheck is {values[key]!r}: ECS takes {least} to {most}")
            values[key] = HEALTH_DEFAULTS[key]
    return HealthCheck(tuple(command), values["interval"], values["timeout"], values["retries"], values["startPeriod"])


def _check_names(containers: list[Container], faults: list[str]) -> None:
    names = [container.name for container in containers]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.append(f"two containers have the name {name}")
    if containers and not any(container.is_essential for container in containers):
        faults.append("no container is essential: ECS needs one")
    known = {container.name: container for container in containers}
    for container in containers:
        for dependency in container.depends_on:
            other = known.get(dependency.container)
            where = f"{container.name} depends on {dependency.container}"
            if other is None:
                faults.append(f"{where}, which there is not")
            elif dependency.condition not in CONDITIONS:
                faults.append(f"{where} ({dependency.condition}): it must be one of {', '.join(CONDITIONS)}")
            elif dependency.condition == "HEALTHY" and other.health_check is None:
                faults.append(f"{where} (HEALTHY), which has no healthCheck")
            elif dependency.condition in ("COMPLETE", "SUCCESS") and other.is_essential:
                faults.append(f"{where} ({dependency.condition}), which is essential: its end would stop the task")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
