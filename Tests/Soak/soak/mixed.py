"""The mixed part: a steady load of calls while upstream servers end, dumps are written, the table changes and logs rotate."""

import os
import random
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gateway_benchmark import gatehouse
from gateway_benchmark.gatehouse import USER
from gateway_benchmark.rounds import make_certificate

from soak import delays, judge, site
from soak.changes import VERSION, Changes, SecureCalls
from soak.logs import Cutter, Reader
from soak.process import LoadProgram, Watch
from soak.site import Site
from soak.upstream import PATHS, Restarts, Upstream
from soak.verdict import Verdict

THROTTLE = {"throttle_enabled": True, "throttle_duration": 3, "throttle_duration_type": "second"}
THROTTLE |= {"throttle_wait_duration": 1, "throttle_wait_duration_type": "second", "throttle_queue_limit": 5}


class Dumps(threading.Thread):
    """Requests dumps in turn by the platform API and by SIGUSR1, and deletes all but the newest ones."""

    def __init__(self, site: Site, every: float) -> None:
        super().__init__(daemon=True)
        self.every, self.identifier = every, site.identifier
        self.platform = gatehouse.Platform(site.port)
        self.platform.act_as(site.platform.token)
        self.folder = Path(site.server.environment["MEM_DUMP_PATH"]).parent
        self.ends = threading.Event()
        self.requested = self.signalled = 0
        self.problems: list[str] = []

    def run(self) -> None:
        try:
            while not self.ends.wait(self.every):
                self.platform.request("POST", "/memory/dump")
                self.requested += 1
                if self.ends.wait(self.every):
                    return
                os.kill(self.identifier, signal.SIGUSR1)
                self.signalled += 1
                for path in sorted(self.folder.glob("memory_dump-*.bin"))[:-5]:
                    path.unlink()
        except Exception as error:
            self.problems.append(f"a dump failed: {error}")

    def stop(self) -> None:
        self.ends.set()
        self.join()


def kinds(rate: float, tokens: dict[str, str]) -> list[dict[str, Any]]:
    """The calls of the load. The rate is that of all calls through the gateway."""
    found: list[dict[str, Any]] = []

    def add(name: str, share: float, api: str, path: str, answer: str, body: str = "none", **more: Any) -> None:
        token = tokens[more.get("user", USER)]
        one = {"name": name, "to": "gateway", "rate": rate * share, "path": f"/api/rest/{api}/{VERSION}/{path}"}
        head = f"Host: soak\r\nAuthorization: Bearer {token}\r\n"
        rules = {"answer": answer, "body": body, "statuses": more.get("statuses", [200])}
        method = "GET" if body == "none" else "POST"
        found.append({**one, **rules, "head": head, "method": method, "leaves": more.get("leaves", False)})

    for api, share in (("steady", 0.45), ("shaky", 0.35)):
        add(f"{api} get", share * 0.5, api, "small", "small")
        add(f"{api} post", share * 0.2, api, "echo", "echo", "length")
        add(f"{api} chunked", share * 0.15, api, "echo", "echo", "chunked")
        add(f"{api} stream", share * 0.05, api, "stream", "stream")
        add(f"{api} file", share * 0.09, api, "file", "file")
        add(f"{api} leave", share * 0.01, api, "stream", "stream", leaves=True)
    add("pair get", 0.1, "pair", "small", "small")
    add("metered get", 0.05, "steady", "small", "small", user="metered")
    add("bandwidth get", 0.025, "steady", "small", "small", user="bandwidth", statuses=[200, 429])
    add("throttled get", 0.025, "steady", "small", "small", user="throttled", statuses=[200, 429])
    control = {"to": "control", "body": "none", "statuses": [200], "leaves": False, "head": "Host: soak\r\n"}
    for path, answer, share in (("small", "small", 0.2), ("file", "file", 0.04), ("echo", "echo", 0.06)):
        more = {"method": "POST", "body": "length"} if path == "echo" else {"method": "GET"}
        one = {"name": f"control {path}", "rate": rate * share, "path": f"/{path}", "answer": answer}
        found.append({**control, **one, **more})
    return found


def make_state(one: Site, steady: Upstream, shaky: Upstream, rate: float) -> dict[str, str]:
    """Creates APIs and users. Returns the users' tokens."""
    one.api("steady", [steady.origin], PATHS)
    one.api("extra", [steady.origin], [("GET", "/small")])
    one.api("shaky", [shaky.origin], PATHS)
    # A kill costs as many tries in a row as calls were on their way.
    one.api("pair", [shaky.origin, steady.origin], PATHS, api_allowed_retry_count=3)
    # About half of the calls of this user are too many.
    bandwidth = {"bandwidth_limit_bytes": int(rate * 10), "bandwidth_limit_window": "second"}
    return {
        USER: one.user(USER, ["steady", "extra", "shaky", "pair"]),
        "metered": one.user("metered", ["steady"], bandwidth_limit_bytes=1 << 50, bandwidth_limit_window="day"),
        "bandwidth": one.user("bandwidth", ["steady"], **bandwidth),
        "throttled": one.user("throttled", ["steady"], **THROTTLE),
    }


class SecondGateway:
    """A gateway with TLS, whose log is a file that is copied and truncated, and whose certificate changes."""

    def __init__(self, program: Path, work: Path, steady: Upstream, every: float, stack: ExitStack) -> None:
        self.work = work
        certificate = make_certificate(work)
        self.site = site.start("second", program, work, certificate=certificate)
        stack.callback(self.site.server.stop)
        self.site.api("steady", [steady.origin], PATHS)
        token = self.site.user(USER, ["steady"])
        self.calls = SecureCalls(self.site.port, token, f"/api/rest/steady/{VERSION}/small")
        self.cutter = Cutter(self.site.server.log, every)
        self.renewals = 0
        self.every = every
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self.renew, daemon=True)

    def start(self) -> None:
        for thread in (self.calls, self.cutter, self.thread):
            thread.start()

    def renew(self) -> None:
        while not self.ends.wait(self.every * 2):
            make_certificate(self.work)
            if self.renewals % 2:
                os.kill(self.site.identifier, signal.SIGHUP)
            self.renewals += 1

    def stop(self, verdict: Verdict) -> None:
        self.ends.set()
        self.thread.join()
        self.calls.stop()
        self.cutter.stop()
        verdict.add(self.calls.problems + self.cutter.problems, "the gateway with TLS")
        self.site.end()
        verdict.say(
            f"TLS: {self.calls.caller.calls} calls, {self.renewals} new certificates, "
            f"{len(self.calls.certificates)} seen; its log file was truncated {self.cutter.cuts} times"
        )


def run(program: Path, work: Path, seconds: float, rate: float, seed: int) -> Verdict:
    verdict = Verdict("mixed")
    # A short run has as many events as fit.
    every = max(3.0, min(20.0, seconds / 6))
    chance = random.Random(seed)
    with ExitStack() as stack:
        steady, shaky = Upstream("steady", work), Upstream("shaky", work)
        for upstream in (steady, shaky):
            stack.callback(lambda upstream=upstream: upstream.server.stop())
        reader = Reader(work, chance.randrange(1 << 30), min(5.0, every / 3))
        reader.start()
        one = site.start("gateway", program, work, {"CIRCUIT_BREAKER_THRESHOLD": "20"}, output=reader.output)
        stack.callback(one.server.stop)
        os.close(reader.output)
        tokens = make_state(one, steady, shaky, rate)
        second = SecondGateway(program, work, steady, every / 4, stack)
        restarts = Restarts(shaky, every, chance.randrange(1 << 30))
        changes = Changes(
            one.port, one.platform.token, tokens[USER], steady.origin, chance.randrange(1 << 30), pause=0.02
        )
        dumps = Dumps(one, every / 4)
        watch = Watch(work, "gateway", one.identifier)
        stack.callback(watch.stop)
        before = one.other_descriptors()
        ports = {"gateway": one.port, "control": steady.port}
        plan = {"ports": ports, "seconds": seconds, "file": str(steady.file)}
        loads = []
        # Two clients have half of the load each, and different numbers.
        for at in range(2):
            own = {"kinds": kinds(rate / 2, tokens), "seed": chance.randrange(1 << 30), "first": (at + 1) * 10_000_000}
            loads.append(LoadProgram(work, f"load{at}", {**plan, **own}))
            stack.callback(loads[-1].stop)
        for thread in (restarts, changes, dumps, second):
            thread.start()
        results = [load.result() for load in loads]
        for thread in (restarts, changes, dumps):
            thread.stop()
        second.stop(verdict)
        watch_lines = (watch.lines("s"), watch.lines("w"), watch.lines("t"))
        verdict.add(changes.problems + dumps.problems, "changes and dumps")
        judge.calls(verdict, results, restarts.outages, shaky.answered())
        judge.slow(verdict, results, delays.judge(results, watch_lines[1], watch_lines[2], judge.PROMPT))
        judge.memory(verdict, watch_lines[0], seconds)
        judge.gauges(verdict, one, before)
        judge.counters(verdict, one, results, changes.caller.calls)
        reader.is_calm.set()
        collections = one.end()
        reader.join(30)
        judge.log(verdict, reader, results, changes.caller.calls, dumps)
        names = {user["username"] for user in collections["users"]}
        verdict.require(USER in names, "the last dump lacks a user")
        counts = ", ".join(f"{count} {name}" for name, count in sorted(changes.counts.items()))
        verdict.say(f"changes: {counts}")
    return verdict
