"""What a person sees while the task runs: one line at a time, from any thread."""

import sys
import threading
from typing import TextIO


class Console:
    def __init__(self, is_quiet: bool, stream: TextIO | None = None) -> None:
        self._is_quiet = is_quiet
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        self.log("ecs-local", text)

    def container_line(self, name: str, line: str) -> None:
        if not self._is_quiet:
            self.log(name, line)

    def log(self, name: str, text: str) -> None:
        self.write("".join(f"{name} | {line}\n" for line in text.splitlines()))

    def write(self, text: str) -> None:
        with self._lock:
            try:
                self._stream.write(text)
                self._stream.flush()
            except (OSError, ValueError):
                # Nobody reads any more, as after `| head`; the task goes on and is stopped in order all the same.
                pass
