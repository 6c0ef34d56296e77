"""Servers as child processes: how they start and end, and what they use of the machine."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway_benchmark import Unusable

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port of loopback below the range from which the kernel gives ports to clients."""
    for _ in range(1000):
        port = random.randrange(10_000, 30_000)
        with socket.socket() as attempt, contextlib.suppress(OSError):
            attempt.bind(("127.0.0.1", port))
            return port
    raise Unusable("there is no free port")


class Server:
    """A process with all of its children. It leads a process group of its own.

    Its output goes to its log, or that of standard output to a descriptor.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        work: Path,
        environment: Mapping[str, str] | None = None,
        output: int | None = None,
    ) -> None:
        self.name = name
        # Servers that end before this one.
        self.companions: list[Server] = []
        self.environment = dict(environment or {})
        self.log = work / f"{name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log if output is None else output,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )

    def wait_until(self, is_ready: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not is_ready():
            if self.process.poll() is not None or time.monotonic() > end:
                raise Unusable(f"{self.name} did not start:\n{self.log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.02)

    def stop(self, seconds: float = 5) -> None:
        """Asks the process to end, and kills its group when it does not."""
        for companion in self.companions:
            companion.stop(seconds)
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _identifiers(self) -> list[int]:
        """The process and its children."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]

    def processor_seconds(self) -> float:
        ticks = 0
        for identifier in self._identifiers():
            # The name of the program, in parentheses, may hold spaces.
            fields = Path(f"/proc/{identifier}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS_PER_SECOND

    def resident_mebibytes(self) -> float:
        """The resident memory of the workers, or of the process if it has none."""
        identifiers = self._identifiers()
        total = 0
        for identifier in identifiers[1:] or identifiers:
            for line in Path(f"/proc/{identifier}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
        return total / 1024


def listens(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.settimeout(1)
        return attempt.connect_ex(("127.0.0.1", port)) == 0
