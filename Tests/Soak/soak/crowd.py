"""Thousands of connections to the gateway, as a process of its own: `python3 -m soak.crowd PORT`.

Each line of its input is a command as JSON, and is answered by one line with counts:

- open: opens connections of one kind, at a rate. It is answered when all of them had their first answer, or ended.
- hold: keeps them going for some seconds.
- close: closes them at a rate, every second one by a reset.

Kinds: `idle` makes one call; `working` makes one about each ten seconds; `head` sends a byte of a head each second, and `body` a byte of a
chunked body.
"""

import json
import select
import socket
import struct
import sys
import time
from collections import Counter
from typing import Any

WORKS_EVERY = 10.0
# The longest time for the first answers after the last connection was opened.
PATIENCE = 30.0
LIMIT = 100_000
CHUNK = b"1\r\nx\r\n"


class Member:
    __slots__ = ("at", "is_answered", "kind", "sent", "socket", "waits")

    def __init__(self, kind: str, one: socket.socket) -> None:
        self.kind, self.socket = kind, one
        self.is_answered = self.waits = False
        self.at = 0
        self.sent = 0.0


class Crowd:
    def __init__(self, port: int) -> None:
        self.port = port
        self.poll = select.epoll()
        self.members: dict[int, Member] = {}
        self.counts: Counter[str] = Counter()
        self.call = b""
        self.turn: list[Member] = []
        self.longest = 0.0

    def begin(self, kind: str, path: str, token: str) -> None:
        fields = f" {path} HTTP/1.1\r\nHost: soak\r\nAuthorization: Bearer {token}\r\n"
        self.call = f"GET{fields}\r\n".encode()
        self.slow = f"GET{fields}X-Slow: {'x' * 200}".encode()
        self.body = f"POST{fields}Transfer-Encoding: chunked\r\n\r\n".encode()
        self.kind = kind

    def open(self, command: dict[str, Any]) -> None:
        self.begin(command["kind"], command["path"], command["token"])
        started, opened, count = time.monotonic(), 0, command["count"]
        while opened < count:
            due = int((time.monotonic() - started) * command["rate"]) + 1
            for _ in range(min(due, count) - opened):
                opened += 1
                self.add(command["kind"])
            self.step(0.005)
        end = time.monotonic() + PATIENCE
        while self.kind in ("idle", "working") and any(m.waits for m in self.members.values()):
            if time.monotonic() > end:
                break
            self.step(0.05)
        self.turn = list(self.members.values())

    def add(self, kind: str) -> None:
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", self.port))
        member = Member(kind, one)
        self.members[one.fileno()] = member
        member.waits, member.sent = kind in ("idle", "working"), time.monotonic()
        self.poll.register(one.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def hold(self, seconds: float) -> None:
        """Gives each connection its turn in the course of its pause."""
        begin = now = time.monotonic()
        done = 0
        pause = WORKS_EVERY if self.kind == "working" else 1.0
        while now < begin + seconds and self.members:
            due = int((now - begin) / pause * len(self.turn))
            for at in range(done, due):
                self.work(self.turn[at % len(self.turn)])
            done = due
            self.step(0.005)
            now = time.monotonic()
        end = time.monotonic() + PATIENCE
        while any(member.waits for member in self.members.values()) and time.monotonic() < end:
            self.step(0.05)

    def work(self, member: Member) -> None:
        if member.socket.fileno() < 0:
            return
        try:
            if member.kind == "working" and not member.waits:
                member.waits, member.sent = True, time.monotonic()
                member.socket.send(self.call)
            elif member.kind == "head":
                member.at += 1
                member.socket.send(self.slow[member.at : member.at + 1])
            elif member.kind == "body":
                member.socket.send(CHUNK)
        except BlockingIOError:
            pass
        except OSError:
            self.drop(member, "broken")

    def step(self, wait: float) -> None:
        for descriptor, event in self.poll.poll(wait):
            member = self.members[descriptor]
            if event & select.EPOLLOUT:
                self.poll.modify(descriptor, select.EPOLLIN)
                first = {"head": self.slow[:1], "body": self.body}.get(member.kind, self.call)
                try:
                    member.socket.send(first)
                except OSError:
                    self.drop(member, "broken")
                    continue
            if event & ~select.EPOLLOUT:
                self.receive(member)

    def receive(self, member: Member) -> None:
        try:
            text = member.socket.recv(LIMIT)
        except BlockingIOError:
            return
        except OSError:
            text = b""
        if not text:
            # The gateway ends slow heads, and connections that were idle for long.
            self.drop(member, "broken" if member.waits else "closed by the gateway")
            return
        if text.startswith(b"HTTP/1.1 "):
            self.counts[f"answered {text[9:12].decode()}"] += 1
            self.longest = max(self.longest, time.monotonic() - member.sent)
        member.waits = False

    def drop(self, member: Member, why: str) -> None:
        self.counts[why] += 1
        self.members.pop(member.socket.fileno(), None)
        member.socket.close()

    def close(self, rate: float) -> None:
        begin = time.monotonic()
        for at, member in enumerate(list(self.members.values())):
            if at % 2:
                member.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            member.socket.close()
            if at % 10 == 0:
                time.sleep(max(0, begin + at / rate - time.monotonic()))
        self.members.clear()
        self.turn.clear()

    def run(self) -> None:
        for line in sys.stdin:
            command = json.loads(line)
            self.counts.clear()
            self.longest = 0.0
            match command["do"]:
                case "open":
                    self.open(command)
                case "hold":
                    self.hold(command["seconds"])
                case _:
                    self.close(command["rate"])
            unanswered = sum(member.waits for member in self.members.values())
            counts = {**self.counts, "open": len(self.members), "unanswered": unanswered}
            print(json.dumps({**counts, "longest_ms": round(self.longest * 1000)}), flush=True)


if __name__ == "__main__":
    Crowd(int(sys.argv[1])).run()
