"""Counts the instructions of a call with callgrind, which does not depend on the machine's load.

The count begins after the first calls, so it holds neither the start nor what the first calls fill. What the program does
without calls in the same time is subtracted.
"""

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from gateway_benchmark import Unusable, gatehouse, rounds, servers
from gateway_benchmark.processes import Server
from gateway_benchmark.rounds import Bench, Subject
from gateway_benchmark.scenarios import SCENARIOS
from gateway_benchmark.wrk import Load

# Calls before the count. They fill caches and pools.
FIRST = 200
SLOW_START = 300.0
IDLE = 3.0
LIVENESS = "liveness"
Starter = Callable[[tuple[str, ...]], tuple[Server, int]]


@dataclass(frozen=True)
class Count:
    """Instructions of a call in user space."""

    scenario: str
    subject: str
    calls: int
    instructions: float


def without_debug_data(program: Path, path: Path) -> Path:
    """A copy whose symbols remain: valgrind can't read all that the compiler writes for debuggers."""
    if not path.exists():
        subprocess.run(["strip", "--strip-debug", "-o", str(path), str(program)], check=True)
    return path


def total(path: Path) -> int:
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith(("totals:", "summary:")):
            return int(line.split()[1])
    raise Unusable(f"{path} has no total")


def send(subject: Subject, calls: int) -> None:
    """Sends the calls one after another over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", subject.port, timeout=60)
    with contextlib.closing(connection):
        for _ in range(calls):
            connection.request(subject.load.method, subject.load.path, headers=subject.load.headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise Unusable(f"{subject.load.path} answered {answer.status}: {content[:200]!r}")


def ask(server: Server, word: str) -> None:
    """Sends a command to callgrind in a process. Valgrind names its pipe by the HOST of the process."""
    command = ["vgdb", f"--pid={server.process.pid}", word]
    environment = {**os.environ, **server.environment}
    try:
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
    except (subprocess.SubprocessError, OSError) as error:
        raise Unusable(f"callgrind does not take the command {word}: {error}") from error


def run(start: Starter, load: Load, profile: Path, calls: int) -> float:
    """Instructions of a call."""
    server, port = start(("valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}"))
    with ExitStack() as stack:
        stack.callback(server.stop)
        subject = Subject(server, port, load)
        send(subject, FIRST)
        ask(server, "zero")
        begin = time.monotonic()
        send(subject, calls)
        ask(server, "dump")
        elapsed = time.monotonic() - begin
        time.sleep(IDLE)
        ask(server, "dump")
        idle = time.monotonic() - begin - elapsed
    counted, without_calls = Path(f"{profile}.1"), Path(f"{profile}.2")
    counted.replace(profile)
    return (total(profile) - total(without_calls) / idle * elapsed) / calls


def measure(bench: Bench, calls: int, profiles: Path) -> tuple[list[Count], dict[str, str]]:
    """Counts of all programs, and those that could not be counted."""
    counts: list[Count] = []
    refused: dict[str, str] = {}
    for name in ("public", "secured", LIVENESS):
        for subject, (start, load) in _subjects(bench, name).items():
            try:
                profile = profiles / f"callgrind.{subject.replace(', ', '-')}.{name}"
                counts.append(Count(name, subject, calls, run(start, load, bench.work / profile.name, calls)))
                shutil.move(bench.work / profile.name, profile)
                print(f"  {name:10}{subject:20}{counts[-1].instructions:>12,.0f}", flush=True)
            except (Unusable, OSError, http.client.HTTPException) as reason:
                refused[f"{name}, {subject}"] = str(reason)
                print(f"  {name:10}{subject:20}not measured: {reason}", flush=True)
    return counts, refused


def _subjects(bench: Bench, name: str) -> dict[str, tuple[Starter, Load]]:
    scenario = SCENARIOS["public" if name == LIVENESS else name]
    token: str | None = None
    subjects: dict[str, tuple[Starter, Load]] = {}
    starters: dict[str, Starter] = {}
    for subject, program in bench.options.programs.items():
        state = bench.state(program, has_many=False)
        token = state.token
        copy = without_debug_data(program, bench.work / f"{subject}-without-debug-data")
        starters[subject] = lambda command, subject=subject, copy=copy, state=state: gatehouse.start(
            subject, copy, bench.work, state, command=command, seconds=SLOW_START
        )
        if name == "secured":
            starters[f"{subject}, standby"] = lambda command, subject=subject, copy=copy, state=state: (
                gatehouse.start_with_standby(subject, copy, bench.work, state, command, SLOW_START)
            )
    load = rounds.make_load(bench, scenario, token, is_direct=False)
    if name == LIVENESS:
        load = replace(load, path="/platform/monitor/liveness")
    else:
        routes = rounds.proxy_routes(scenario)
        starters["nginx"] = lambda command: servers.start_nginx(
            bench.work, bench.upstream_port, 1, routes, None, command=command
        )
        starters["HAProxy"] = lambda command: servers.start_haproxy(
            bench.work, bench.upstream_port, routes, None, command=command
        )
    for subject, starter in starters.items():
        subjects[subject] = (starter, load)
    return subjects


def write(path: Path, counts: list[Count], machine: dict[str, object]) -> None:
    with path.open("a") as file:
        for one in counts:
            fields = {"scenario": one.scenario, "subject": one.subject, "calls": one.calls}
            line = {"kind": "instructions", **fields, "instructions": one.instructions, "machine": machine}
            file.write(json.dumps(line) + "\n")
