"""The stream part: bodies of gigabytes through the gateway, whose memory must stay small."""

import json
import socket
import subprocess
import sys
import threading
import time
import zlib
from contextlib import ExitStack
from pathlib import Path

from gateway_benchmark import Unusable
from gateway_benchmark.gatehouse import USER

from soak import site
from soak.bodies import BLOCK, Pace, Reader, send
from soak.changes import VERSION
from soak.site import Site
from soak.verdict import Verdict

GROWTH = 20 << 20
SETTINGS = {"MAX_BODY_SIZE_BYTES_REST": str(1 << 42), "LOG_LEVEL": "ERROR"}
PATHS = [("POST", "/sink"), ("GET", "/source"), ("GET", "/events"), ("GET", "/small")]


class Memory(threading.Thread):
    """The largest resident memory of the gateway, from samples each 20 ms."""

    def __init__(self, one: Site) -> None:
        super().__init__(daemon=True)
        self.site = one
        self.largest = 0
        self.ends = threading.Event()

    def run(self) -> None:
        while not self.ends.wait(0.02):
            self.largest = max(self.largest, self.site.resident())


class Streams:
    def __init__(self, one: Site, token: str, verdict: Verdict) -> None:
        self.site, self.token, self.verdict = one, token, verdict

    def connect(self, method: str, path: str, fields: str = "") -> socket.socket:
        one = socket.create_connection(("127.0.0.1", self.site.port), timeout=120)
        line = f"{method} /api/rest/stream/{VERSION}{path} HTTP/1.1\r\nHost: soak\r\n"
        one.sendall(f"{line}Authorization: Bearer {self.token}\r\n{fields}\r\n".encode())
        return one

    def expect_ok(self, reader: Reader) -> list[str]:
        head = reader.head()
        if not head or " 200 " not in head[0]:
            raise Unusable(f"a stream was answered with {head[:1]} {reader.rest[:200]!r}")
        return head

    def upload(self, size: int, query: str, is_chunked: bool, pace: Pace) -> None:
        framing = "Transfer-Encoding: chunked\r\n" if is_chunked else f"Content-Length: {size}\r\n"
        with self.connect("POST", f"/sink?{query}", framing) as one:
            check = send(one, size, pace, is_chunked)
            reader = Reader(one)
            head = self.expect_ok(reader)
            length = int(next(line for line in head if line.lower().startswith("content-length:")).split(":")[1])
            while len(reader.rest) < length:
                reader.rest += one.recv(4096)
            found = json.loads(reader.rest)
        self.verdict.require(found == {"size": size, "check": check}, f"the server got another body: {found}")

    def download(self, size: int, query: str, pace: Pace) -> None:
        with self.connect("GET", f"/source?size={size}&{query}") as one:
            reader = Reader(one)
            found = reader.body(self.expect_ok(reader), pace)
        self.verdict.require(found == (size, check_of(size)), f"the client got another body: {found[0]} bytes")

    def events(self, count: int) -> None:
        """Each event must be there before the next one is sent, but for a delay of the machine."""
        delays = []
        with self.connect("GET", f"/events?count={count}") as one:
            reader = Reader(one)
            self.expect_ok(reader)
            while int(reader.line(), 16):
                # The gateway may send several events in one chunk, when it was late.
                for event in reader.line().decode().strip().split("\n\n"):
                    number, sent = event.removeprefix("data: ").split()
                    delays.append(time.monotonic() - float(sent))
                    self.verdict.require(int(number) == len(delays) - 1, "events came in another order")
        delays.sort()
        self.verdict.require(len(delays) == count, f"{len(delays)} of {count} events came")
        self.verdict.require(
            delays[len(delays) // 2] < 0.1, f"half of the events took {delays[len(delays) // 2]:.3f} s"
        )
        self.verdict.say(
            f"{count} server-sent events: median {delays[len(delays) // 2] * 1000:.2f} ms, longest {delays[-1] * 1000:.1f} ms"
        )


def check_of(size: int) -> int:
    check, left = 0, size
    while left:
        part = BLOCK if left >= len(BLOCK) else BLOCK[:left]
        check, left = zlib.crc32(part, check), left - len(part)
    return check


def measure(streams: Streams, name: str, size: int, action: object) -> None:
    """Runs one stream, and judges what the memory grew by."""
    before = streams.site.resident()
    memory = Memory(streams.site)
    memory.start()
    begin = time.monotonic()
    used = streams.site.server.processor_seconds()
    action()  # type: ignore[operator]
    seconds = time.monotonic() - begin
    used = streams.site.server.processor_seconds() - used
    memory.ends.set()
    memory.join()
    growth = memory.largest - before
    streams.verdict.say(
        f"{name}: {size / (1 << 30):.2f} GiB in {seconds:.1f} s ({size / seconds / (1 << 20):.0f} MiB/s), "
        f"{used:.1f} s of the processor; memory {before / (1 << 20):.1f} MiB, {growth / (1 << 20):+.1f}"
    )
    streams.verdict.require(growth <= GROWTH, f"{name}: memory grew by {growth / (1 << 20):.1f} MiB")


def run(program: Path, work: Path, gigabytes: float, slow_seconds: float) -> Verdict:
    verdict = Verdict("stream")
    size = int(gigabytes * (1 << 30))
    slow = int(slow_seconds * 20) << 20
    with ExitStack() as stack:
        command = [sys.executable, "-P", "-m", "soak.bodies"]
        upstream = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE))
        stack.callback(upstream.kill)
        assert upstream.stdout
        port = int(upstream.stdout.readline())
        one = site.start("stream", program, work, SETTINGS)
        stack.callback(one.server.stop)
        one.api("stream", [f"http://127.0.0.1:{port}"], PATHS)
        streams = Streams(one, one.user(USER, ["stream"]), verdict)
        # The first bodies fill the buffers that the gateway keeps.
        streams.upload(64 << 20, "", False, Pace())
        streams.download(64 << 20, "", Pace())
        none = Pace()
        measure(streams, "a request's body", size, lambda: streams.upload(size, "", False, none))
        measure(streams, "a request's body in chunks", size // 4, lambda: streams.upload(size // 4, "", True, none))
        measure(streams, "an answer", size, lambda: streams.download(size, "", none))
        measure(streams, "an answer in chunks", size // 4, lambda: streams.download(size // 4, "chunked=1", none))
        measure(streams, "a server that reads slowly", slow, lambda: streams.upload(slow, "rate=20", False, none))
        measure(streams, "a client that reads slowly", slow, lambda: streams.download(slow, "", Pace(20)))
        pauses = 8 * max(2, int(slow_seconds / 2)) << 20
        measure(streams, "a server that pauses", pauses, lambda: streams.upload(pauses, "pause=1", False, none))
        measure(streams, "a client that pauses", pauses, lambda: streams.download(pauses, "", Pace(0, 1)))
        streams.events(int(slow_seconds * 25))
        one.end()
    return verdict
