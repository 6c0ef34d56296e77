"""The hostile part: clients and servers that do things wrong, again and again, beside a load that must not notice them."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway_benchmark.gatehouse import USER

from soak import attacks, delays, faults, judge, site
from soak.attacks import Attack, Exchange, Stalled
from soak.changes import VERSION
from soak.connections import FLAT, MEBIBYTE, SPARE_NOW, bounded
from soak.mixed import kinds
from soak.process import Crowd, Faults, LoadProgram, Watch
from soak.site import Site
from soak.stream import Memory
from soak.upstream import PATHS, Upstream
from soak.verdict import Verdict

# Bad calls that are on their way at once.
AT_ONCE = 8
# Bytes of an endless answer that a client reads before it leaves.
TAKEN = 1 << 20
# Longer than what the buffers of a connection to a server take.
UNREAD = 5 << 20
# The gateway waits for this long for each thing that a bad server has to do, in seconds.
SERVER_TIME = 1
SETTINGS = {
    "LOG_LEVEL": "ERROR",
    "MEM_AUTO_SAVE_ENABLED": "false",
    "MAX_BODY_SIZE_BYTES_REST": str(attacks.LONGEST_BODY),
    # An open breaker would answer for servers.
    "CIRCUIT_BREAKER_ENABLED": "false",
}
# APIs whose one fault is in their list of servers, and what their calls get.
LISTS = {"refused": {"502 GTW006"}, "deaf": {"504 GTW010"}, "empty": {"404 GTW001"}, "loop": {"508 GTW508"}}


@dataclass
class Plan:
    """How often everything happens."""

    repetitions: int
    # Calls of each kind in a repetition, at each of two methods where it has them.
    calls: int
    # Clients of each kind that stop in the middle.
    stalled: int
    # Connections that are closed in one instant.
    closed: int
    load: float
    waits_for_deadline: bool


def bad_ports(stack: ExitStack) -> tuple[int, int]:
    """A port that refuses connections, and one whose queue is full, so that connections never open."""
    refused = stack.enter_context(socket.socket())
    refused.bind(("127.0.0.1", 0))
    deaf = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
    for _ in range(8):
        one = stack.enter_context(socket.socket())
        one.setblocking(False)
        one.connect_ex(deaf.getsockname())
    return refused.getsockname()[1], deaf.getsockname()[1]


class Attackers:
    """Everything that is done wrong in a repetition."""

    def __init__(self, one: Site, crowd: Crowd, token: str, verdict: Verdict, plan: Plan) -> None:
        self.site, self.crowd, self.token, self.verdict, self.plan = one, crowd, token, verdict, plan
        self.attacks = attacks.attacks(token)
        self.good = attacks.request("GET", token) + b"\r\n"
        self.outcomes: Counter[str] = Counter()
        self.lock = threading.Lock()

    def repeat(self, name: str, before: int) -> int:
        """All of it once. Returns the most memory that the gateway had meanwhile, in bytes."""
        memory = Memory(self.site)
        memory.start()
        stalled = Stalled(self.site.port, self.token, self.plan.stalled)
        problems = [problem for problem in self.calls() if problem]
        self.close_at_once(name)
        if self.plan.waits_for_deadline:
            found, wrong = stalled.collect()
            self.outcomes.update(found)
            problems += wrong
        else:
            stalled.close()
        memory.ends.set()
        memory.join()
        self.verdict.add([f"{name}: {problem}" for problem in problems], "bad calls")
        left = self.descriptors_left(before)
        self.verdict.require(left <= SPARE_NOW, f"{name}: {left} descriptors more than before are open after 20 s")
        self.verdict.say(
            f"{name}: at most {memory.largest / MEBIBYTE:.1f} MiB, {self.site.resident() / MEBIBYTE:.1f} MiB after it; "
            f"{len(problems)} bad calls with a wrong answer"
        )
        return memory.largest

    def descriptors_left(self, before: int) -> int:
        end = time.monotonic() + 20
        while (left := self.site.other_descriptors() - before) > SPARE_NOW and time.monotonic() < end:
            time.sleep(0.1)
        return left

    def calls(self) -> list[str | None]:
        """Makes all calls whose answers come soon. Returns what was wrong."""
        jobs: list[Callable[[], str | None]] = [lambda attack=attack: self.attack(attack) for attack in self.attacks]
        for name in faults.RIGHT:
            methods = ("POST",) if name == "unread" else ("GET", "POST")
            jobs += [lambda name=name, method=method: self.call_server(name, method) for method in methods]
        jobs += [lambda name=name: self.call_list(name) for name in LISTS]
        jobs += [lambda text=text: self.leave(text) for text in self.halves()]
        jobs += [self.leave_answer]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda job: job(), jobs * self.plan.calls))

    def note(self, name: str, outcome: str, right: set[str]) -> str | None:
        with self.lock:
            self.outcomes[f"{name}: {outcome}"] += 1
        return None if attacks.is_right(outcome, right) else f"{name}: {outcome}"

    def attack(self, attack: Attack) -> str | None:
        with attacks.connect(self.site.port) as one:
            return self.note(attack.name, Exchange(one, attack.text, attack.half_closes).run(), attack.right)

    def call_server(self, name: str, method: str) -> str | None:
        """A call to a bad server, and then a good one on the same connection, if that stays."""
        body = b"" if method == "GET" else b"x" * (UNREAD if name == "unread" else 4)
        length = b"Content-Length: %d\r\n" % len(body) if body else b""
        with attacks.connect(self.site.port) as one:
            exchange = Exchange(one, attacks.request(method, self.token, name=name) + length + b"\r\n" + body)
            problem = self.note(f"{method} of {name}", exchange.run(), faults.RIGHT[name])
            if exchange.stays and not exchange.left:
                after = Exchange(one, self.good).run()
                return problem or self.note(f"behind {method} of {name}", after, {"200"})
            return problem

    def call_list(self, name: str) -> str | None:
        with attacks.connect(self.site.port) as one:
            text = attacks.request("GET", self.token, name) + b"\r\n"
            return self.note(f"servers: {name}", Exchange(one, text).run(), LISTS[name])

    def halves(self) -> list[bytes]:
        """Where clients leave by a reset."""
        post = attacks.request("POST", self.token)
        slow = attacks.request("GET", self.token, name="slow") + b"\r\n"
        return [b"", self.good[:-30], self.good, post + b"Content-Length: 100\r\n\r\nabc", slow]

    def leave(self, text: bytes) -> str | None:
        attacks.leave(self.site.port, text)
        return self.note("a reset", "left", {"left"})

    def leave_answer(self) -> str | None:
        text = attacks.request("GET", self.token, name="endless-body") + b"\r\n"
        return self.note("endless-body", attacks.leave_answer(self.site.port, text, TAKEN), {"left"})

    def close_at_once(self, name: str) -> None:
        """Connections that made a call each, and end in one instant, half of them by a reset."""
        count, path = self.plan.closed, f"/api/rest/steady/{VERSION}/small?n=1"
        words: dict[str, Any] = {"kind": "idle", "count": count, "rate": 2000, "token": self.token, "path": path}
        found = self.crowd.ask(do="open", **words)
        self.verdict.require(found.get("answered 200") == count, f"{name}: not every connection was served: {found}")
        self.crowd.ask(do="close", rate=1_000_000_000)


def make_state(one: Site, steady: Upstream, faulty: Faults, stack: ExitStack) -> str:
    """Creates the APIs and a user. Returns its token."""
    refused, deaf = bad_ports(stack)
    times = {f"api_{name}_timeout": SERVER_TIME for name in ("connect", "read", "write")}
    # A call to a server of `loop` comes back to the gateway.
    own = f"http://127.0.0.1:{one.port}/api/rest/loop/{VERSION}"
    ports = {
        "refused": [f"http://127.0.0.1:{refused}"],
        "deaf": [f"http://127.0.0.1:{deaf}"],
        "empty": [],
        "loop": [own],
    }
    one.api("steady", [steady.origin], PATHS)
    one.api("faulty", [f"http://127.0.0.1:{faulty.port}"], [("GET", "/{fault}"), ("POST", "/{fault}")], **times)
    for name, servers in ports.items():
        one.api(name, servers, [("GET", "/good")], **times)
    return one.user(USER, ["steady", "faulty", *ports])


def run(program: Path, work: Path, plan: Plan, seed: int) -> Verdict:
    verdict = Verdict("hostile")
    plan.closed = bounded(verdict, plan.closed)
    with ExitStack() as stack:
        steady = Upstream("quiet", work)
        stack.callback(steady.server.stop)
        faulty = Faults()
        stack.callback(faulty.stop)
        one = site.start("hostile", program, work, SETTINGS)
        stack.callback(one.server.stop)
        token = make_state(one, steady, faulty, stack)
        crowd = Crowd(one.port)
        stack.callback(crowd.stop)
        watch = Watch(work, "hostile", one.identifier)
        stack.callback(watch.stop)
        chosen = [
            kind
            for kind in kinds(plan.load, dict.fromkeys((USER, "metered", "bandwidth", "throttled"), token))
            if kind["name"] in judge.PROMPT or kind["to"] == "control"
        ]
        ports = {"gateway": one.port, "control": steady.port}
        words: dict[str, Any] = {"ports": ports, "seconds": 3600, "file": str(steady.file), "kinds": chosen}
        load = LoadProgram(work, "beside-hostile", {**words, "seed": seed, "first": 10_000_000})
        stack.callback(load.stop)
        time.sleep(2)
        before = one.other_descriptors()
        attackers = Attackers(one, crowd, token, verdict, plan)
        # The first repetition fills buffers and caches, and is not compared.
        largest = [attackers.repeat(f"repetition {number}", before) for number in range(plan.repetitions)]
        more = largest[-1] - largest[1]
        verdict.require(more <= FLAT, f"the last repetition took {more / MEBIBYTE:.1f} MiB more than an early one")
        result = load.finish()
        crowd.stop()
        for text, count in sorted(attackers.outcomes.items()):
            verdict.say(f"  {count} × {text}")
        judge.calls_beside(verdict, result)
        judge.slow(verdict, [result], delays.judge([result], watch.lines("w"), watch.lines("t"), judge.PROMPT))
        judge.gauges(verdict, one, before)
        one.end()
    return verdict
