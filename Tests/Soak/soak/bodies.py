"""Servers and clients for the stream part, as a process of their own: `python3 -m soak.bodies`. It prints the port.

- `POST /sink?…`: reads the body, and answers its size and CRC-32.
- `GET /source?size=N`: answers with N bytes.
- `GET /events?count=N`: sends an event each 20 ms with the time at which it is sent.
- `rate=N` bounds a body to N MiB a second, and `pause=1` stops for a second after each 8 MiB.
"""

import contextlib
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable
from urllib.parse import parse_qsl

BLOCK = bytes(range(256)) * 1024
EVENT_EVERY = 0.02


class Pace:
    """Slows a stream down."""

    def __init__(self, rate: float = 0, pause: float = 0) -> None:
        self.rate, self.pause = rate * (1 << 20), pause
        self.begin, self.bytes, self.next = time.monotonic(), 0, 8 << 20

    def passed(self, count: int) -> None:
        self.bytes += count
        if self.pause and self.bytes >= self.next:
            self.next += 8 << 20
            time.sleep(self.pause)
        if self.rate:
            time.sleep(max(0, self.begin + self.bytes / self.rate - time.monotonic()))


class Reader:
    """Reads a message of HTTP/1.1, with its body in parts."""

    def __init__(self, socket: socket.socket) -> None:
        self.socket = socket
        self.buffer = bytearray(1 << 20)
        self.rest = b""

    def head(self) -> list[str]:
        while b"\r\n\r\n" not in self.rest:
            text = self.socket.recv(65536)
            if not text:
                return []
            self.rest += text
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        return head.decode().split("\r\n")

    def body(self, head: list[str], pace: Pace) -> tuple[int, int]:
        """Size and CRC-32 of the body."""
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        if "chunked" in fields.get("transfer-encoding", ""):
            return self.chunks(pace)
        return self.exactly(int(fields.get("content-length", 0)), pace, 0)

    def exactly(self, size: int, pace: Pace, check: int) -> tuple[int, int]:
        left = size
        if self.rest and left:
            part, self.rest = self.rest[:left], self.rest[left:]
            check, left = zlib.crc32(part, check), left - len(part)
        view = memoryview(self.buffer)
        while left:
            count = self.socket.recv_into(view[: min(left, len(view))])
            if not count:
                raise ConnectionError(f"the body ended {left} bytes early")
            check, left = zlib.crc32(view[:count], check), left - count
            pace.passed(count)
        return size, check

    def line(self) -> bytes:
        while b"\r\n" not in self.rest:
            text = self.socket.recv(65536)
            if not text:
                raise ConnectionError("the body ended early")
            self.rest += text
        line, _, self.rest = self.rest.partition(b"\r\n")
        return line

    def chunks(self, pace: Pace) -> tuple[int, int]:
        total = check = 0
        while size := int(self.line().split(b";")[0], 16):
            _, check = self.exactly(size, pace, check)
            total += size
            self.line()
        self.line()
        return total, check


def send(one: socket.socket, size: int, pace: Pace, is_chunked: bool = False) -> int:
    """Sends a body, and returns its CRC-32."""
    check, left = 0, size
    while left:
        part = BLOCK if left >= len(BLOCK) else BLOCK[:left]
        one.sendall(b"%x\r\n%b\r\n" % (len(part), part) if is_chunked else part)
        check, left = zlib.crc32(part, check), left - len(part)
        pace.passed(len(part))
    if is_chunked:
        one.sendall(b"0\r\n\r\n")
    return check


def serve(one: socket.socket) -> None:
    reader = Reader(one)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with one, contextlib.suppress(OSError):
        while head := reader.head():
            path, _, query = head[0].split(" ")[1].partition("?")
            words = dict(parse_qsl(query))
            pace = Pace(float(words.get("rate", 0)), float(words.get("pause", 0)))
            if path == "/sink":
                size, check = reader.body(head, pace)
                answer(one, json.dumps({"size": size, "check": check}).encode())
            elif path == "/source":
                size = int(words["size"])
                one.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n")
                if "chunked" in words:
                    one.sendall(b"Transfer-Encoding: chunked\r\n\r\n")
                else:
                    one.sendall(b"Content-Length: %d\r\n\r\n" % size)
                send(one, size, pace, "chunked" in words)
            elif path == "/events":
                one.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
                for number in range(int(words["count"])):
                    event = b"data: %d %.6f\n\n" % (number, time.monotonic())
                    one.sendall(b"%x\r\n%b\r\n" % (len(event), event))
                    time.sleep(EVENT_EVERY)
                one.sendall(b"0\r\n\r\n")
            else:
                answer(one, b"{}")


def answer(one: socket.socket, body: bytes) -> None:
    one.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )


def listen(handle: Callable[[socket.socket], None]) -> None:
    """Prints a port, and handles each of its connections on a thread of its own. It does not return."""
    threading.stack_size(256 << 10)
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    print(listener.getsockname()[1], flush=True)
    while True:
        one, _ = listener.accept()
        threading.Thread(target=handle, args=(one,), daemon=True).start()


if __name__ == "__main__":
    listen(serve)
