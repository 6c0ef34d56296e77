"""Measures two tasks on one directory: when a change of the writer is in force at the standby, and what the standby costs."""

import http.client
import json
import random
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gateway_benchmark import Unusable, gatehouse, rounds
from gateway_benchmark.gatehouse import PASSWORD, Platform, State
from gateway_benchmark.processes import Server
from gateway_benchmark.report import Outcome
from gateway_benchmark.rounds import Bench, Subject
from gateway_benchmark.scenarios import SCENARIOS

SCENARIO = SCENARIOS["secured"]
# A URI that the upstream server answers, and that no API has at first.
URI = "/things/of-a-change"
# Changes before those that count.
FIRST = 5
# A standby that has not seen a change by then does not follow.
PATIENCE = 30.0
# The longest pause before a change, so that changes fall everywhere between two looks of the standby.
PAUSE = 0.1
# The other task gets the limits of one that stopped within about a second.
PARTING = 2.0
ALONE, BESIDE, STANDBY = "alone", "with standby", "standby"


@dataclass
class Tasks:
    """The writer, and how to start and stop a standby on its directory."""

    program: Path
    work: Path
    writer: Server
    port: int
    settings: dict[str, str]

    def start_standby(self) -> tuple[Server, int]:
        volume = {"MEM_DUMP_PATH": self.writer.environment["MEM_DUMP_PATH"]}
        return gatehouse.start("standby", self.program, self.work, settings={**self.settings, **volume})

    def platform(self) -> Platform:
        platform = Platform(self.port)
        platform.act_as(platform.log_in("admin", PASSWORD))
        return platform


class Caller:
    """Calls at the standby, over one connection."""

    def __init__(self, port: int, token: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.headers = {"Authorization": f"Bearer {token}"}

    def status(self) -> int:
        self.connection.request("GET", f"/api/rest/secured/v1{URI}", headers=self.headers)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status

    def wait_for(self, status: int) -> float:
        """The time at which the first call with this status had its answer."""
        end = time.monotonic() + PATIENCE
        while (found := self.status()) != status:
            if time.monotonic() > end:
                raise Unusable(f"the standby answers {found} in place of {status} after {PATIENCE:.0f} s")
        return time.monotonic()


def start(bench: Bench, program: Path, state: State, stack: ExitStack) -> Tasks:
    """Starts the writer, which makes a dump that a standby can follow."""
    settings = {**rounds.pool_settings(bench.options.connections), "MEM_DUMP_FORMAT": "dmp2"}
    writer, port = gatehouse.start("writer", program, bench.work, state, settings=settings)
    stack.callback(writer.stop)
    tasks = Tasks(program, bench.work, writer, port, settings)
    tasks.platform().request("POST", "/memory/dump")
    return tasks


def measure_lag(tasks: Tasks, token: str, changes: int) -> tuple[list[float], list[float]]:
    """Adds an endpoint and deletes it, in turn. Returns the seconds to the answer, and from there to calls at the standby."""
    platform = tasks.platform()
    standby, port = tasks.start_standby()
    try:
        caller = Caller(port, token)
        caller.wait_for(404)
        endpoint = {"api_name": "secured", "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": URI}
        answers, lags = [], []
        for number in range(FIRST + changes):
            time.sleep(random.uniform(0, PAUSE))
            begin = time.monotonic()
            if number % 2 == 0:
                platform.request("POST", "/endpoint", {**endpoint, "endpoint_description": "of a change"})
            else:
                platform.request("DELETE", f"/endpoint/GET/secured/v1{URI}")
            answered = time.monotonic()
            in_force = caller.wait_for(200 if number % 2 == 0 else 404)
            if number >= FIRST:
                answers.append(answered - begin)
                lags.append(in_force - answered)
    finally:
        standby.stop()
    return answers, lags


def percentile(times: list[float], part: float) -> float:
    """In milliseconds."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000


def measure_rates(bench: Bench, tasks: Tasks, token: str) -> Outcome:
    """Calls of the writer without a standby, of the writer with one, and of the standby, in rounds."""
    outcome = Outcome("standby", yardstick=ALONE)
    load = rounds.make_load(bench, SCENARIO, token, is_direct=False)
    writer = Subject(tasks.writer, tasks.port, load)
    rounds.check(writer)
    rounds.measure(bench, SCENARIO, writer, seconds=1)

    def turn(name: str, subject: Subject) -> None:
        outcome.runs.setdefault(name, []).append(rounds.measure(bench, SCENARIO, subject, bench.options.seconds))

    def with_standby() -> None:
        server, port = tasks.start_standby()
        try:
            standby = Subject(server, port, load)
            rounds.check(standby)
            rounds.measure(bench, SCENARIO, standby, seconds=1)
            turn(BESIDE, writer)
            turn(STANDBY, standby)
        finally:
            server.stop()
            time.sleep(PARTING)

    for number in range(bench.options.rounds):
        # Every second round begins with the other half.
        halves = [lambda: turn(ALONE, writer), with_standby]
        for half in halves if number % 2 == 0 else reversed(halves):
            half()
    outcome.runs = {name: outcome.runs[name] for name in (ALONE, BESIDE, STANDBY)}
    return outcome


def measure(bench: Bench, changes: int, path: Path | None, machine: dict[str, object]) -> bool:
    """Prints both measurements for each program. Returns whether all calls were answered."""
    is_valid = True
    for name, program in bench.options.programs.items():
        state = bench.state(program, has_many=False)
        with ExitStack() as stack:
            tasks = start(bench, program, state, stack)
            answers, lags = measure_lag(tasks, state.token, changes)
            for what, times in (("a change, to its answer", answers), ("from there to calls at the standby", lags)):
                texts = ", ".join(f"p{part * 100:g} {percentile(times, part):.1f} ms" for part in (0.5, 0.99))
                print(f"  {name}: {what}: {texts}, longest {max(times) * 1000:.1f} ms of {len(times)}", flush=True)
            outcome = measure_rates(bench, tasks, state.token)
            print(outcome.table(), flush=True)
        is_valid = is_valid and all(outcome.summary(subject)["valid"] for subject in outcome.runs)
        if path:
            outcome.write(path, machine)
            line = {"kind": "lag", "subject": name, "answers": answers, "lags": lags, "machine": machine}
            with path.open("a") as file:
                file.write(json.dumps(line) + "\n")
    return is_valid
