"""Clients that do one thing wrong, and what the gateway must answer."""

import contextlib
import json
import select
import socket
import time
from collections import Counter
from dataclasses import dataclass

from soak.calls import parse
from soak.changes import VERSION
from soak.faults import LARGE, reset

# The longest time for an answer.
PATIENCE = 30.0
# The gateway ends a head after 15 s, and a body and an answer that the client does not take after 30 s. Machines are busy.
LONGEST_STALL = 60.0
DRIP_EVERY = 1.0
# A client that does not take its answer has room for little of it.
SMALL_BUFFER = 64 << 10
# The longest body that a call may have.
LONGEST_BODY = 6 << 20


@dataclass(frozen=True)
class Attack:
    """Bytes of a client, and the outcomes that are right."""

    name: str
    text: bytes
    right: set[str]
    # Whether the client closes its side behind the bytes.
    half_closes: bool = False


def is_right(outcome: str, right: set[str]) -> bool:
    """Right are an outcome, or a status with any code."""
    return outcome in right or outcome.split(" ")[0] in right


def request(method: str, token: str, path: str = "faulty", name: str = "good") -> bytes:
    """The head of a call without its last line."""
    line = f"{method} /api/rest/{path}/{VERSION}/{name} HTTP/1.1\r\n"
    return f"{line}Host: soak\r\nAuthorization: Bearer {token}\r\n".encode()


def connect(port: int, buffer: int | None = None) -> socket.socket:
    one = socket.socket()
    if buffer:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    one.settimeout(PATIENCE)
    one.connect(("127.0.0.1", port))
    return one


class Exchange:
    """One request and its answer. The client reads while it sends, and stops sending once the answer is whole."""

    def __init__(self, one: socket.socket, text: bytes, half_closes: bool = False) -> None:
        self.socket, self.left, self.half_closes = one, memoryview(text), half_closes
        self.text = bytearray()
        self.stays = False
        self.poll = select.poll()

    def run(self) -> str:
        """The status with its code, or what became of the connection."""
        self.socket.setblocking(False)
        self.poll.register(self.socket, select.POLLIN | select.POLLOUT)
        end, is_closed = time.monotonic() + PATIENCE, False
        while not is_closed:
            wait = end - time.monotonic()
            if wait <= 0:
                return "no answer"
            for _, event in self.poll.poll(wait * 1000):
                if event & select.POLLOUT:
                    self.send()
                if event & ~select.POLLOUT:
                    is_closed = self.receive()
            try:
                answer = parse(self.text, is_closed)
            except ValueError:
                return "malformed answer"
            if answer:
                self.stays = answer[2] and not is_closed
                return outcome(answer[0], answer[1])
        return "broken off" if self.text else "closed"

    def send(self) -> None:
        try:
            if self.left:
                self.left = self.left[self.socket.send(self.left[: 1 << 18]) :]
        except BlockingIOError:
            return
        except OSError:
            # The gateway closed the connection. An answer may have come before.
            self.left = self.left[:0]
            self.half_closes = False
        if not self.left:
            self.poll.modify(self.socket, select.POLLIN)
            if self.half_closes:
                with contextlib.suppress(OSError):
                    self.socket.shutdown(socket.SHUT_WR)

    def receive(self) -> bool:
        """Whether the connection has ended."""
        try:
            received = self.socket.recv(1 << 18)
        except BlockingIOError:
            return False
        except OSError:
            return True
        self.text += received
        return not received


def outcome(status: int, body: bytes) -> str:
    code = ""
    with contextlib.suppress(ValueError, AttributeError):
        code = " " + str(json.loads(body)["error_code"])
    return f"{status}{code}"


def attacks(token: str) -> list[Attack]:
    """Requests that are refused."""
    get, post = request("GET", token), request("POST", token)
    chunked = post + b"Transfer-Encoding: chunked\r\n\r\n"
    counted = post + b"Content-Length: 100\r\n\r\n0123456789"
    chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
    bomb, lost = {"431", "closed"}, {"400", "closed"}
    names = b"".join(b"X-%d: %d\r\n" % (number, number) for number in range(100_000))
    return [
        Attack("a part of the first line", b"GET /api/re", lost, True),
        Attack("half a head", get[:-20], lost, True),
        Attack("bytes of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", lost),
        Attack("no head at all", b"\x80\xff\x00\r\n\r\n", lost),
        Attack("100,000 bytes of nothing", bytes(100_000), lost),
        Attack("another version", b"GET / HTTP/9.9\r\nHost: soak\r\n\r\n", {"505"}),
        Attack("two lengths", post + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", {"400"}),
        Attack(
            "a length and chunks", post + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", {"400"}
        ),
        Attack("100,000 fields of one name", get + b"A: b\r\n" * 100_000 + b"\r\n", bomb),
        Attack("100,000 fields", get + names + b"\r\n", bomb),
        Attack("a value of 5 MB", get + b"A: " + b"a" * 5_000_000 + b"\r\n\r\n", bomb),
        Attack("a name of 5 MB", get + b"A" * 5_000_000 + b": b\r\n\r\n", bomb),
        Attack("a target of 5 MB", request("GET", token, name="a" * 5_000_000) + b"\r\n", {"414", *bomb}),
        Attack("a length above the limit", post + b"Content-Length: 1000000000\r\n\r\nx", {"413 REQ001"}),
        Attack("chunks above the limit", chunked + chunk * (LONGEST_BODY // (1 << 20) + 1), {"413 REQ001"}),
        Attack("a body that ends early", counted, {"400 GTW400"}, True),
        Attack("a chunked body that ends early", chunked + b"a\r\n0123456789\r\n", {"400 GTW400"}, True),
        Attack("a chunk without a size", chunked + b"3\r\nabc\r\nxyz\r\n", {"400 GTW400"}),
        Attack("a token of nobody", request("GET", "a.b.c") + b"\r\n", {"401 GTW401"}),
    ]


def leave(port: int, text: bytes) -> None:
    """A client that resets its connection behind some bytes."""
    one = connect(port)
    with contextlib.suppress(OSError):
        one.sendall(text)
    reset(one)


def leave_answer(port: int, text: bytes, count: int) -> str:
    """A client that resets its connection in the middle of an answer."""
    one = connect(port)
    try:
        one.sendall(text)
        received = 0
        while received < count:
            more = len(one.recv(1 << 16))
            if not more:
                return "closed"
            received += more
    except OSError as error:
        return f"{type(error).__name__} in the answer"
    finally:
        reset(one)
    return "left"


class Stalled:
    """Clients that stop, and wait for what the gateway does about them."""

    def __init__(self, port: int, token: str, count: int) -> None:
        get, post = request("GET", token), request("POST", token)
        kinds: list[tuple[str, bytes, set[str]]] = [
            ("silent", b"", {"closed"}),
            ("half a head", get, {"closed"}),
            ("slow head", get + b"X-Slow: ", {"closed"}),
            ("slow body", post + b"Content-Length: 100\r\n\r\nabc", {"408 GTW408"}),
            ("slow chunks", post + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", {"408 GTW408"}),
        ]
        self.waiting: dict[int, tuple[str, socket.socket, set[str]]] = {}
        for name, text, right in kinds * count:
            one = connect(port)
            one.sendall(text)
            self.waiting[one.fileno()] = (name, one, right)
        self.deaf = [connect(port, SMALL_BUFFER) for _ in range(count)]
        for one in self.deaf:
            one.sendall(request("GET", token, name="large") + b"\r\n")
        self.texts: dict[int, bytearray] = {}

    def collect(self) -> tuple[Counter[str], list[str]]:
        """The outcomes, and those that are wrong."""
        found: Counter[str] = Counter()
        problems: list[str] = []
        poll = select.poll()
        for descriptor, (_, one, _) in self.waiting.items():
            one.setblocking(False)
            poll.register(descriptor, select.POLLIN)
            self.texts[descriptor] = bytearray()
        end, drip = time.monotonic() + LONGEST_STALL, 0.0
        while self.waiting and time.monotonic() < end:
            for descriptor, _ in poll.poll(200):
                name, one, right = self.waiting[descriptor]
                result = self.receive(one)
                if result is None:
                    continue
                poll.unregister(descriptor)
                del self.waiting[descriptor]
                one.close()
                found[f"{name}: {result}"] += 1
                if not is_right(result, right):
                    problems.append(f"{name}: {result}")
            if time.monotonic() >= drip:
                drip = time.monotonic() + DRIP_EVERY
                self.drip()
        problems += [f"{name}: nothing after {LONGEST_STALL:.0f} s" for name, _, _ in self.waiting.values()]
        for one in self.deaf:
            result = self.rest_of(one)
            found[f"deaf: {result}"] += 1
            if result != "broken off":
                problems.append(f"a client that took nothing for long: {result}")
        self.close()
        return found, problems

    def receive(self, one: socket.socket) -> str | None:
        """What the gateway did, or nothing while the answer is not whole."""
        text = self.texts[one.fileno()]
        try:
            received = one.recv(1 << 16)
        except BlockingIOError:
            return None
        except OSError:
            received = b""
        text += received
        try:
            answer = parse(text, not received)
        except ValueError:
            return "malformed answer"
        if answer:
            return outcome(answer[0], answer[1])
        return None if received else "broken off" if text else "closed"

    def drip(self) -> None:
        for name, one, _ in self.waiting.values():
            if name == "slow head":
                # Its end is seen by reading.
                with contextlib.suppress(OSError):
                    one.send(b"x")

    @staticmethod
    def rest_of(one: socket.socket) -> str:
        """Reads what the kernel still has of an answer."""
        one.settimeout(PATIENCE)
        received = 0
        try:
            while more := len(one.recv(1 << 18)):
                received += more
        except TimeoutError:
            return "still open"
        except OSError:
            pass
        return "broken off" if received < LARGE else "whole"

    def close(self) -> None:
        for _, one, _ in self.waiting.values():
            one.close()
        for one in self.deaf:
            one.close()
        self.waiting.clear()
        self.deaf.clear()
