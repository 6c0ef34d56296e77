"""A client with a fixed rate of calls, as a process of its own: `python3 -m soak.load PLAN RESULT`.

Calls begin at their times, however slow earlier answers are. Each answer is compared with what the call must get. Times are those of
CLOCK_MONOTONIC, which all processes share.
"""

import collections
import contextlib
import gc
import heapq
import json
import random
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from soak.calls import BOUNDS, Call, Kind, parse

# A call without an answer for this time counts as unanswered.
PATIENCE = 25.0
# The gateway closes a connection after 75 s without a request, so an idle one is not used for longer.
IDLE = 30.0
# Calls that are slower are listed one by one.
NOTABLE = 0.005
# A client that stops a call closes its connection after this time.
LEAVES_AFTER = 0.02


class Connection:
    __slots__ = ("call", "output", "socket", "text", "to", "used")

    def __init__(self, to: str, socket: socket.socket) -> None:
        self.to, self.socket = to, socket
        self.text = bytearray()
        self.output = b""
        self.call: Call | None = None
        self.used = 0.0


class Load:
    def __init__(self, plan: dict[str, Any]) -> None:
        self.ports: dict[str, int] = plan["ports"]
        self.random = random.Random(plan["seed"])
        file = Path(plan["file"]).read_bytes() if plan.get("file") else b""
        self.kinds = [Kind(**{**kind, "head": kind["head"].encode()}, file=file) for kind in plan["kinds"]]
        self.number = plan["first"]
        self.seconds: float = plan["seconds"]
        self.poll = select.epoll()
        self.connections: dict[int, Connection] = {}
        self.idle: dict[str, list[Connection]] = {name: [] for name in self.ports}
        self.leaving: collections.deque[tuple[float, Call, Connection]] = collections.deque()
        self.notable: list[list[Any]] = []
        self.control: list[list[float]] = []
        self.stalls: list[list[float]] = []
        self.late = 0

    def run(self) -> None:
        begin = time.monotonic()
        due = [(begin + self.random.random() / kind.rate, at) for at, kind in enumerate(self.kinds)]
        heapq.heapify(due)
        checked = begin
        while True:
            now = time.monotonic()
            while due and due[0][0] <= now:
                at_time, at = due[0]
                kind = self.kinds[at]
                if at_time > begin + self.seconds:
                    heapq.heappop(due)
                    continue
                self.begin(kind, at_time, time.monotonic())
                next_time = at_time + 1 / kind.rate
                if next_time < now - 0.25:
                    # The machine took this process away for long. A burst afterwards would be a load of its own.
                    self.late += 1
                    next_time = now
                heapq.heapreplace(due, (next_time, at))
            while self.leaving and self.leaving[0][0] <= now:
                _, call, connection = self.leaving.popleft()
                if connection.call is call:
                    self.finish(connection, "left", now, stays=False)
            if now - checked > 1:
                checked = now
                self.sweep(now)
            if not due and not any(connection.call for connection in self.connections.values()):
                return
            wait = min(due[0][0] - now, 0.2) if due else 0.05
            before = time.monotonic()
            if before - now > 0.002:
                self.stalls.append([now, before])
            events = self.poll.poll(max(wait, 0))
            now = time.monotonic()
            # epoll waits in whole milliseconds.
            if now - before - max(wait, 0) > 0.003:
                self.stalls.append([before + max(wait, 0), now])
            for descriptor, event in events:
                connection = self.connections.get(descriptor)
                if connection:
                    self.handle(connection, event, now)

    def begin(self, kind: Kind, due: float, now: float) -> None:
        self.number += 1
        request, expected = kind.request(self.number, self.random)
        call = Call(kind, self.number, due, now, expected)
        idle = self.idle[kind.to]
        if idle:
            connection = idle.pop()
            call.was_reused = True
        else:
            one = socket.socket()
            one.setblocking(False)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(kind.to, one)
            one.connect_ex(("127.0.0.1", self.ports[kind.to]))
            self.connections[one.fileno()] = connection
            self.poll.register(one.fileno(), select.EPOLLIN | select.EPOLLOUT)
        connection.call = call
        connection.output = request
        if call.was_reused:
            self.write(connection, now)
        if kind.leaves:
            self.leaving.append((now + LEAVES_AFTER, call, connection))

    def write(self, connection: Connection, now: float) -> None:
        try:
            sent = connection.socket.send(connection.output)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            # An answer may have come before the connection ended.
            self.handle(connection, select.EPOLLIN, now, str(error.strerror))
            return
        connection.output = connection.output[sent:]
        events = select.EPOLLIN | (select.EPOLLOUT if connection.output else 0)
        self.poll.modify(connection.socket.fileno(), events)

    def handle(self, connection: Connection, event: int, now: float, problem: str = "closed") -> None:
        if event & select.EPOLLOUT and connection.output:
            self.write(connection, now)
            if connection.socket.fileno() < 0:
                return
        if not event & ~select.EPOLLOUT:
            return
        is_closed = False
        try:
            while not is_closed:
                received = connection.socket.recv(262_144)
                is_closed = not received
                connection.text += received
                if len(received) < 262_144:
                    break
        except BlockingIOError:
            pass
        except OSError as error:
            is_closed, problem = True, str(error.strerror)
        call = connection.call
        if not call:
            self.close(connection)
            return
        try:
            answer = parse(connection.text, is_closed)
        except ValueError:
            self.finish(connection, "malformed answer", now, stays=False)
            return
        if answer:
            status, body, stays = answer
            self.finish(connection, self.judge(call, status, body), now, stays and not is_closed)
        elif is_closed:
            place = "in the answer" if connection.text else "before the answer"
            self.finish(connection, f"{problem} {place}", now, stays=False)

    def judge(self, call: Call, status: int, body: bytes) -> str:
        if status == 200 and call.kind.answer != "any":
            return "200" if body == call.expected else "wrong body"
        code = ""
        with contextlib.suppress(ValueError, AttributeError):
            code = " " + str(json.loads(body).get("error_code"))
        return f"{status}{code}"

    def finish(self, connection: Connection, outcome: str, now: float, stays: bool) -> None:
        call = connection.call
        assert call
        kind, seconds = call.kind, now - call.sent
        kind.outcomes[outcome] += 1
        kind.longest = max(kind.longest, seconds)
        place = next((at for at, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        kind.histogram[place] += 1
        # The whole answer may be there before the client gets to leave.
        status = int(outcome[:3]) if outcome[:3].isdigit() else 0
        is_right = status in kind.statuses or (kind.leaves and outcome == "left")
        if kind.to == "control" and seconds > 0.001:
            self.control.append([call.sent, now])
        if seconds > NOTABLE or not is_right:
            self.notable.append([call.number, kind.name, call.sent, now, outcome, is_right, call.was_reused])
        connection.call = None
        connection.output = b""
        connection.text.clear()
        connection.used = now
        if stays:
            self.idle[connection.to].append(connection)
        else:
            self.close(connection)

    def close(self, connection: Connection) -> None:
        self.connections.pop(connection.socket.fileno(), None)
        connection.socket.close()
        with contextlib.suppress(ValueError):
            self.idle[connection.to].remove(connection)

    def sweep(self, now: float) -> None:
        for connection in list(self.connections.values()):
            if connection.call and now - connection.call.sent > PATIENCE:
                self.finish(connection, "unanswered", now, stays=False)
            elif not connection.call and now - connection.used > IDLE:
                self.close(connection)

    def result(self) -> dict[str, Any]:
        kinds = {
            kind.name: {"to": kind.to, "outcomes": kind.outcomes, "histogram": kind.histogram, "longest": kind.longest}
            for kind in self.kinds
        }
        lists = {"notable": self.notable, "control": self.control, "stalls": self.stalls}
        return {"kinds": kinds, "late": self.late, **lists}


def main() -> None:
    plan, result = map(Path, sys.argv[1:])
    load = Load(json.loads(plan.read_text()))
    gc.disable()

    def finish(*_: object) -> None:
        load.seconds = 0

    signal.signal(signal.SIGTERM, finish)
    load.run()
    result.write_text(json.dumps(load.result()))


if __name__ == "__main__":
    main()
