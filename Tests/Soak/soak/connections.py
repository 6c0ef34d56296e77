"""The connections part: thousands of idle, half-working and slow connections beside a load that must not notice them."""

import resource
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway_benchmark.gatehouse import USER

from soak import delays, judge, site
from soak.changes import VERSION
from soak.mixed import kinds
from soak.process import Crowd, LoadProgram, Watch
from soak.site import Site
from soak.upstream import PATHS, Upstream
from soak.verdict import Verdict

# Descriptors beside those of clients: files, servers, the load.
SPARE = 1500
# Descriptors of connections that begin or end while they are counted.
SPARE_NOW = 8
MEBIBYTE = 1 << 20
# An idle connection may take this much; docs/reference/limits.md says 15 KiB.
PER_CONNECTION = 30 << 10
# Memory that may remain from one round to the next.
FLAT = 6 * MEBIBYTE


@dataclass
class Plan:
    """How many connections, how fast they come, and how long they stay."""

    count: int
    rate: int
    hold: float
    load: float
    waits_for_deadline: bool


@dataclass
class Crowds:
    site: Site
    crowd: Crowd
    token: str
    verdict: Verdict
    plan: Plan

    def open(self, kind: str, count: int, api: str = "steady", path: str = "small") -> dict[str, int]:
        words = {"kind": kind, "count": count, "rate": self.plan.rate, "token": self.token}
        begin = time.monotonic()
        found = self.crowd.ask(do="open", path=f"/api/rest/{api}/{VERSION}/{path}?n=1", **words)
        self.verdict.say(f"{kind}: {found} in {time.monotonic() - begin:.1f} s")
        return found

    def close(self, before: int, name: str) -> None:
        """Closes all. The gateway must give their descriptors back."""
        self.crowd.ask(do="close", rate=self.plan.rate * 5)
        end = time.monotonic() + 20
        while (left := self.site.other_descriptors() - before) > SPARE_NOW and time.monotonic() < end:
            time.sleep(0.1)
        self.verdict.require(left <= SPARE_NOW, f"{name}: {left} descriptors more than before are open after 20 s")

    def round(self, name: str, before: int) -> tuple[int, int]:
        """Connections that come, make calls now and then, and go. Returns the memory with and after them."""
        count, resident = self.plan.count, self.site.resident()
        idle = self.open("working", count)
        self.verdict.require(idle.get("answered 200") == count, f"{name}: not every connection was served: {idle}")
        each = (self.site.resident() - resident) / count
        held = self.crowd.ask(do="hold", seconds=self.plan.hold)
        failed = {word: number for word, number in held.items() if word not in ("answered 200", "open", "longest_ms")}
        self.verdict.require(not any(failed.values()), f"{name}: calls failed: {held}")
        with_all = self.site.resident()
        self.close(before, name)
        time.sleep(1)
        after = self.site.resident()
        self.verdict.say(
            f"{name}: {resident / MEBIBYTE:.1f} MiB before, {with_all / MEBIBYTE:.1f} with {count} connections "
            f"({each / 1024:.1f} KiB each), {after / MEBIBYTE:.1f} after them; calls of them: {held}"
        )
        self.verdict.require(each <= PER_CONNECTION, f"{name}: a connection takes {each / 1024:.1f} KiB")
        return with_all, after

    def slow_heads(self, before: int) -> None:
        count = self.plan.count // 2
        self.open("head", count)
        held = self.crowd.ask(do="hold", seconds=25 if self.plan.waits_for_deadline else 4)
        self.verdict.say(f"slow heads: {held}")
        if self.plan.waits_for_deadline:
            self.verdict.require(held["open"] == 0, f"{held['open']} slow heads are still open after their deadline")
        self.close(before, "slow heads")

    def slow_bodies(self, before: int) -> None:
        """Their server is another one: its connections are all in use meanwhile."""
        self.open("body", self.plan.count // 5, "slow", "echo")
        held = self.crowd.ask(do="hold", seconds=self.plan.hold)
        self.verdict.say(f"slow bodies: {held}")
        self.close(before, "slow bodies")


def bounded(verdict: Verdict, wanted: int) -> int:
    """The connections that the descriptors of one process allow."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(wanted, most - SPARE)
    if count < wanted:
        verdict.say(f"only {count} of {wanted} connections: the hard limit of descriptors is {most} (ulimit -Hn)")
    return count


def run(program: Path, work: Path, wanted: Plan, seed: int) -> Verdict:
    verdict = Verdict("connections")
    wanted.count = bounded(verdict, wanted.count)
    with ExitStack() as stack:
        steady, slow = Upstream("servant", work), Upstream("slow", work)
        for upstream in (steady, slow):
            stack.callback(upstream.server.stop)
        settings = {"LOG_LEVEL": "ERROR", "MAX_CONNECTIONS": str(wanted.count + 1000), "MEM_AUTO_SAVE_ENABLED": "false"}
        one = site.start("crowded", program, work, settings)
        stack.callback(one.server.stop)
        one.api("steady", [steady.origin], PATHS)
        one.api("slow", [slow.origin], PATHS)
        token = one.user(USER, ["steady", "slow"])
        crowd = Crowd(one.port)
        stack.callback(crowd.stop)
        watch = Watch(work, "crowded", one.identifier)
        stack.callback(watch.stop)
        ports = {"gateway": one.port, "control": steady.port}
        chosen = [
            kind
            for kind in kinds(wanted.load, dict.fromkeys((USER, "metered", "bandwidth", "throttled"), token))
            if kind["name"] in judge.PROMPT or kind["to"] == "control"
        ]
        plan: dict[str, Any] = {"ports": ports, "seconds": 3600, "file": str(steady.file), "kinds": chosen}
        load = LoadProgram(work, "beside", {**plan, "seed": seed, "first": 10_000_000})
        stack.callback(load.stop)
        time.sleep(2)
        before = one.other_descriptors()
        crowds = Crowds(one, crowd, token, verdict, wanted)
        first, after_first = crowds.round("first round", before)
        second, after_second = crowds.round("second round", before)
        # The heap gives back a peak when no call is in flight. Beside a load that may come late, and not in each round.
        more = max(second - first, after_second - max(first, after_first))
        verdict.require(more <= FLAT, f"the second round took {more / MEBIBYTE:.1f} MiB more than the first one")
        crowds.slow_heads(before)
        crowds.slow_bodies(before)
        result = load.finish()
        crowd.stop()
        judge.calls_beside(verdict, result)
        judge.slow(verdict, [result], delays.judge([result], watch.lines("w"), watch.lines("t"), judge.PROMPT))
        judge.gauges(verdict, one, before)
        one.end()
    return verdict
