"""Python processes of the soak test."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from gateway_benchmark import Unusable


class Program:
    """`python3 -m soak.NAME` with arguments."""

    def __init__(self, name: str, *arguments: object) -> None:
        self.name = name
        words = [sys.executable, "-P", "-m", f"soak.{name}", *map(str, arguments)]
        pipe = subprocess.PIPE if name in ("crowd", "faults") else None
        self.process = subprocess.Popen(words, stdin=pipe or subprocess.DEVNULL, stdout=pipe, env=os.environ)

    def wait(self, seconds: float) -> None:
        try:
            if self.process.wait(seconds) != 0:
                raise Unusable(f"soak.{self.name} ended with {self.process.returncode}")
        except subprocess.TimeoutExpired as error:
            raise Unusable(f"soak.{self.name} does not end") from error

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class LoadProgram(Program):
    """The client with a fixed rate, and its result."""

    def __init__(self, work: Path, name: str, plan: dict[str, Any]) -> None:
        self.seconds: float = plan["seconds"]
        path, self.path = work / f"{name}.plan", work / f"{name}.result"
        path.write_text(json.dumps(plan))
        super().__init__("load", path, self.path)

    def finish(self) -> dict[str, Any]:
        """Begins no more calls, and waits for those on their way."""
        self.process.terminate()
        return self.result()

    def result(self) -> dict[str, Any]:
        self.wait(self.seconds + 60)
        return json.loads(self.path.read_text())


class Watch(Program):
    """Samples of a process."""

    def __init__(self, work: Path, name: str, identifier: int) -> None:
        self.path = work / f"{name}.watch"
        super().__init__("watch", identifier, self.path)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def lines(self, kind: str) -> list[list[Any]]:
        lines = [json.loads(line) for line in self.path.read_text().splitlines() if line.endswith("]")]
        return [line[1:] for line in lines if line[0] == kind]


class Crowd(Program):
    """Thousands of connections, and what became of them."""

    def __init__(self, port: int) -> None:
        super().__init__("crowd", port)

    def ask(self, **words: Any) -> dict[str, int]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(words).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Unusable("soak.crowd ended")
        return json.loads(line)


class Faults(Program):
    """Servers that do things wrong."""

    def __init__(self) -> None:
        super().__init__("faults")
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise Unusable("soak.faults ended")
        self.port = int(line)
