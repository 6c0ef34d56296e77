"""Containers as plain processes of this machine: no isolation, the same life and death."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from gatehouse_ecs.local import Refused, volume
from gatehouse_ecs.local.definition import Container
from gatehouse_ecs.local.interfaces import ExitReport, Log

LOOPBACK = "127.0.0.1"


class ProcessRuntime:
    def __init__(
        self,
        directories: dict[str, Path],
        programs: Path | None,
        ports: dict[int, int],
        log: Log,
        address: str = LOOPBACK,
    ) -> None:
        """`directories`: what stands for each volume. `programs`: where commands are looked up before PATH. `ports`: container port →
        port here. `log(container, line)` takes the output. `address`: of loopback, the task's own."""
        self.address = self.task_address = address
        self._directories = directories
        self._programs = programs
        self._ports = ports
        self.running: list[RunningProcess] = []
        self.log = log
        self.published = ports
        self.scratch = Path(tempfile.mkdtemp(prefix="ecs-local-"))

    def start(
        self, container: Container, environment: dict[str, str], secrets: dict[str, str], report: ExitReport
    ) -> "RunningProcess":
        inside = {
            "PATH": f"{self._programs}:{os.environ['PATH']}" if self._programs else os.environ["PATH"],
            "HOME": str(self.scratch),
            # Not for the network around this machine, unless the definition says so.
            "HOST": self.address,
            **self._place_of_service(container),
            **{key: self._place(container, self._move_ports(key, value)) for key, value in environment.items()},
            **secrets,
        }
        line = [self._place(container, word) for word in (*container.entry_point, *container.command)]
        if not line:
            raise Refused("it has no command: the image's own is not known without Docker; set `command`")
        running = RunningProcess(container.name, self.find(line), inside, self, report)
        self.running.append(running)
        return running

    def close(self) -> None:
        for running in self.running:
            running.kill()
        for running in self.running:
            running.join(5)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def find(self, line: Sequence[str]) -> list[str]:
        name = line[0]
        if self._programs and (found := self._programs / Path(name).name).is_file():
            return [str(found), *line[1:]]
        if found := shutil.which(name):
            return [found, *line[1:]]
        where = f"{self._programs} and PATH" if self._programs else "PATH; --bin DIR names another place"
        raise Refused(f"there is no program {name} in {where}")

    def _place_of_service(self, container: Container) -> dict[str, str]:
        """Containers of a task find each other on 127.0.0.1; here only those of the task that has that address do."""
        port = container.environment.get("PORT", "")
        if self.address == LOOPBACK or not port.isdigit():
            return {}
        return {"SIDECAR_URL": f"http://{self.address}:{self._ports.get(int(port), port)}"}

    def _place(self, container: Container, value: str) -> str:
        """Paths below a mount point become paths below the directory that stands for its volume."""
        for mount in container.mount_points:
            if value == mount.path or value.startswith(f"{mount.path}/"):
                return str(self._directories[mount.volume]) + value[len(mount.path) :]
        return value

    def _move_ports(self, key: str, value: str) -> str:
        for inside, outside in self._ports.items():
            if key.endswith("PORT") and value == str(inside):
                return str(outside)
            # Its host stays as it is written, but where the task has an address of its own.
            host = r"\g<2>" if self.address == LOOPBACK else self.address
            value = re.sub(rf"^(https?://)(127\.0\.0\.1|localhost):{inside}(?=/|$)", rf"\g<1>{host}:{outside}", value)
        return value


class RunningProcess:
    def __init__(
        self, name: str, line: Sequence[str], environment: dict[str, str], runtime: ProcessRuntime, report: ExitReport
    ) -> None:
        self._runtime = runtime
        self._environment = environment
        try:
            # A session of its own: Ctrl-C is for ecs-local, and all of it can be killed at once.
            self._process = subprocess.Popen(
                line,
                env=environment,
                cwd=runtime.scratch,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise Refused(f"{line[0]} does not start: {error}") from None
        self._reader = threading.Thread(target=self._read, args=(name,), daemon=True)
        self._waiter = threading.Thread(target=self._wait, args=(report,), daemon=True)
        self._reader.start()
        self._waiter.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def terminate(self) -> None:
        """To PID 1 of the container only."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """With all that it started, as when a container is killed."""
        if self._process.returncode is None:
            self._kill_group()

    def check(self, line: Sequence[str], timeout: float) -> tuple[int, str]:
        try:
            line = self._runtime.find(line)
            with subprocess.Popen(
                line,
                env=self._environment,
                cwd=self._runtime.scratch,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            ) as process:
                try:
                    output, _ = process.communicate(timeout=timeout)
                    return process.returncode, output
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    return -1, f"the health check took more than {timeout:g} s"
        except (OSError, Refused) as error:
            return 127, str(error)

    def is_held(self) -> bool:
        return volume.holds(self._process.pid)

    def join(self, seconds: float) -> None:
        self._waiter.join(seconds)
        self._reader.join(1)

    def _read(self, name: str) -> None:
        with self._process.stdout as output:
            for line in output:
                self._runtime.log(name, line.decode(errors="replace").rstrip("\n"))

    def _wait(self, report: ExitReport) -> None:
        with contextlib.suppress(ChildProcessError):
            # Not taken away yet, so that nobody else gets its number.
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        at = time.monotonic()
        # What it started ends with it, as in a container.
        self._kill_group()
        exit_code = self._process.wait()
        self._reader.join(1)
        report(128 - exit_code if exit_code < 0 else exit_code, at)

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
