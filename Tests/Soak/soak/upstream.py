"""nginx as upstream servers, which end and come back, and what they say they answered."""

import contextlib
import os
import random
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from gateway_benchmark import servers
from gateway_benchmark.processes import Server, free_port

PATHS = [("GET", "/small"), ("GET", "/file"), ("GET", "/stream"), ("POST", "/echo")]
FILE = 64 << 10


class Upstream:
    """nginx with one worker. It notes the number of each call that it answered in whole."""

    def __init__(self, name: str, work: Path) -> None:
        self.name, self.work, self.port = name, work, free_port()
        self.notes = work / f"{name}.notes"
        files = work / "files"
        files.mkdir(exist_ok=True)
        self.file = files / "file"
        if not self.file.exists():
            self.file.write_bytes(os.urandom(FILE))
        parts = "".join(f' echo "$arg_n part {part}"; echo_flush; echo_sleep 0.02;' for part in range(3))
        self.http = f"""
  log_format note '$arg_n $status $request_completion';
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    access_log {self.notes} note;
    # With tcp_nopush, a file sometimes waits 40 ms for an acknowledgement.
    sendfile off;
    tcp_nopush off;
    location = /small {{ default_type application/json; return 200 '{{"n":"$arg_n"}}'; }}
    location = /stream {{ {parts} echo "$arg_n part 3"; }}
    location = /echo {{ client_body_buffer_size 1m; echo_read_request_body; echo_request_body; }}
    location / {{ root {files}; }}
  }}"""
        self.server = self.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Server:
        return servers.start(self.name, self.work, self.port, 1, self.http)

    def answered(self) -> set[int]:
        """The numbers of the calls that were answered in whole with 200."""
        found = set()
        for line in self.notes.read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                number, status, completion = line.split()
                if status == "200" and completion == "OK":
                    found.add(int(number))
        return found


@dataclass(frozen=True)
class Outage:
    """A restart of an upstream server. Before `end`, calls may fail that it did not answer."""

    kind: str
    begin: float
    end: float


class Restarts(threading.Thread):
    """Restarts an upstream server in one of three ways, again and again.

    - reload: a new worker takes the calls over. Only idle connections end.
    - stop: calls on their way are answered; then nobody listens for a while.
    - kill: calls on their way are lost; then nobody listens for a while.
    """

    def __init__(self, upstream: Upstream, every: float, seed: int) -> None:
        super().__init__(daemon=True)
        self.upstream, self.every, self.random = upstream, every, random.Random(seed)
        self.ends = threading.Event()
        self.outages: list[Outage] = []
        self.fault: Exception | None = None

    def run(self) -> None:
        kinds: list[str] = []
        try:
            while not self.ends.wait(self.every * self.random.uniform(0.7, 1.3)):
                if not kinds:
                    kinds = ["reload", "stop", "kill"]
                    self.random.shuffle(kinds)
                self.restart(kinds.pop())
        except Exception as error:
            self.fault = error

    def restart(self, kind: str) -> None:
        server = self.upstream.server
        begin = time.monotonic()
        if kind == "reload":
            server.process.send_signal(signal.SIGHUP)
            self.outages.append(Outage(kind, begin, begin + 1))
            return
        if kind == "stop":
            server.process.send_signal(signal.SIGQUIT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()
        self.ends.wait(self.random.uniform(0, 2))
        self.upstream.server = self.upstream.start()
        self.outages.append(Outage(kind, begin, time.monotonic()))

    def stop(self) -> None:
        self.ends.set()
        self.join()
        if self.fault:
            raise self.fault
