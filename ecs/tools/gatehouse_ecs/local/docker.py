"""Containers with Docker: one network namespace for all of the task, as awsvpc gives it."""

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from gatehouse_ecs.local import Refused, volume
from gatehouse_ecs.local.definition import Container
from gatehouse_ecs.local.interfaces import ExitReport, Log

LABEL = "gatehouse.ecs-local"
COMMAND_LIMIT = 60


def engine_answers() -> bool:
    try:
        return (
            subprocess.run(["docker", "info"], capture_output=True, timeout=10, start_new_session=True).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


class DockerRuntime:
    def __init__(
        self,
        run: str,
        images: dict[str, str],
        ports: list[int],
        port: int | None,
        directories: dict[str, Path],
        log: Log,
    ) -> None:
        """`images`: by container name. `ports`: container ports, of which the first is published on `port` (0: the system picks; `None`:
        the same), the others on one that the system picks. `directories`: what stands for each volume."""
        self._label = f"{LABEL}={run}"
        self._name = f"ecs-local-{run[:8]}"
        self._images = images
        self._directories = directories
        self._running: list[RunningContainer] = []
        self.log = log
        try:
            for image in dict.fromkeys(images.values()):
                if _docker("image", "inspect", image, is_checked=False).returncode != 0:
                    raise Refused(f"there is no image {image} here: build or pull it, or name another with --image")
            # A network of its own: its gateway is this machine, as the containers see it.
            _docker("network", "create", "--label", self._label, self._name)
            gateway = "{{(index .IPAM.Config 0).Gateway}}"
            self.address = _docker("network", "inspect", "--format", gateway, self._name).stdout.strip()
            self._pause = self._start_pause(ports, port)
            found = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
            self.task_address = _docker("inspect", "--format", found, self._pause).stdout.strip()
            self.published = {inside: self._published(inside) for inside in ports}
        except BaseException:
            self.close()
            raise

    def start(
        self, container: Container, environment: dict[str, str], secrets: dict[str, str], report: ExitReport
    ) -> "RunningContainer":
        line = ["create", "--name", f"{self._name}-{container.name}", "--label", self._label]
        line += ["--network", f"container:{self._pause}", "--log-driver", "json-file"]
        for key, value in environment.items():
            line += ["--env", f"{key}={value}"]
        for key in secrets:
            # By name only: the list of processes shows command lines to everyone.
            line += ["--env", key]
        for mount in container.mount_points:
            mode = ",readonly" if mount.is_read_only else ""
            line += ["--mount", f"type=bind,source={self._directories[mount.volume]},target={mount.path}{mode}"]
        for capability in container.capabilities_dropped:
            line += ["--cap-drop", capability]
        for capability in container.capabilities_added:
            line += ["--cap-add", capability]
        line += ["--user", container.user] if container.user else []
        line += ["--workdir", container.working_directory] if container.working_directory else []
        line += ["--read-only"] if container.has_read_only_root else []
        line += ["--init"] if container.has_init else []
        line += ["--entrypoint", container.entry_point[0]] if container.entry_point else []
        line += [self._images[container.name], *container.entry_point[1:], *container.command]
        identifier = _docker(*line, environment=secrets).stdout.strip()
        _docker("start", identifier)
        running = RunningContainer(container.name, identifier, self.log, report)
        self._running.append(running)
        return running

    def close(self) -> None:
        made = _docker("ps", "--all", "--quiet", "--filter", f"label={self._label}", is_checked=False).stdout.split()
        if made:
            # With the volumes that images ask for, where none is mounted.
            _docker("rm", "--force", "--volumes", *made, is_checked=False)
        for running in self._running:
            running.end()
        _docker("network", "rm", self._name, is_checked=False)

    def _start_pause(self, ports: list[int], port: int | None) -> str:
        """Holds the network namespace, so that it outlives each container."""
        line = ["run", "--detach", "--label", self._label, "--name", f"{self._name}-pause", "--network", self._name]
        for inside in ports:
            outside = (inside if port is None else port) if inside == ports[0] else 0
            line += ["--publish", f"127.0.0.1:{outside}:{inside}"]
        image = next(iter(self._images.values()))
        return _docker(*line, "--entrypoint", "sleep", image, "infinity").stdout.strip()

    def _published(self, inside: int) -> int:
        said = _docker("port", self._pause, f"{inside}/tcp").stdout
        return int(said.splitlines()[0].rpartition(":")[2])


class RunningContainer:
    def __init__(self, name: str, identifier: str, log: Log, report: ExitReport) -> None:
        self._identifier = identifier
        self._process = _docker("inspect", "--format", "{{.State.Pid}}", identifier).stdout.strip()
        self._logs = self._follow("logs", "--follow", identifier)
        self._wait = self._follow("wait", identifier)
        self._kill: subprocess.Popen[bytes] | None = None
        self._reader = threading.Thread(target=self._read, args=(name, log), daemon=True)
        self._reader.start()
        threading.Thread(target=self._report_end, args=(report,), daemon=True).start()

    def terminate(self) -> None:
        """To PID 1 of the container only."""
        _docker("kill", "--signal", "TERM", self._identifier, is_checked=False)

    def kill(self) -> None:
        # Not waited for: the engine waits for the end, which a call of a volume can hold.
        self._kill = self._follow("kill", self._identifier)

    def check(self, line: Sequence[str], timeout: float) -> tuple[int, str]:
        try:
            result = _docker("exec", self._identifier, *line, limit=timeout, is_checked=False)
        except Refused:
            return -1, f"the health check took more than {timeout:g} s"
        return result.returncode, result.stdout + result.stderr

    def is_held(self) -> bool:
        return volume.holds(self._process)

    def end(self) -> None:
        for process in (self._logs, self._wait, self._kill):
            if process is not None:
                process.kill()
                process.wait()
                process.stdout.close()

    @staticmethod
    def _follow(*words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["docker", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _read(self, name: str, log: Log) -> None:
        for line in self._logs.stdout:
            log(name, line.decode(errors="replace").rstrip("\n"))

    def _report_end(self, report: ExitReport) -> None:
        said = self._wait.stdout.read().split()
        at = time.monotonic()
        self._reader.join(2)
        report(int(said[0]) if said and said[0].isdigit() else None, at)


def _docker(
    *words: str, environment: dict[str, str] | None = None, limit: float = COMMAND_LIMIT, is_checked: bool = True
) -> subprocess.CompletedProcess[str]:
    try:
        # A session of its own: Ctrl-C is for ecs-local.
        result = subprocess.run(
            ["docker", *words],
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise Refused("there is no docker in PATH; install its client, or use --processes") from None
    except subprocess.TimeoutExpired:
        raise Refused(
            f"docker {words[0]} did not come back within {limit:g} s; see whether `docker info` does"
        ) from None
    if is_checked and result.returncode != 0:
        raise Refused(f"docker {words[0]}: {(result.stderr or result.stdout).strip()}")
    return result
