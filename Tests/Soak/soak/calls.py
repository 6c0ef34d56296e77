"""Calls of the load: their bytes, and the answers that they must get."""

import collections
import random
from dataclasses import dataclass

# Upper bounds of the histogram, in seconds.
BOUNDS = [0.0005 * 1.15**step for step in range(80)]


@dataclass
class Kind:
    """Calls that are alike."""

    name: str
    to: str
    rate: float
    head: bytes
    method: str
    path: str
    answer: str
    statuses: list[int]
    body: str
    leaves: bool
    file: bytes = b""

    def __post_init__(self) -> None:
        self.outcomes: collections.Counter[str] = collections.Counter()
        self.histogram = [0] * (len(BOUNDS) + 1)
        self.longest = 0.0

    def request(self, number: int, random: random.Random) -> tuple[bytes, bytes]:
        """The bytes of a call, and the body that its answer must have."""
        line = f"{self.method} {self.path}?n={number} HTTP/1.1\r\n".encode()
        if self.body == "none":
            return line + self.head + b"\r\n", self._expected(number, b"")
        start, length = random.randrange(1000), int(random.expovariate(1 / 4000)) + 1
        body = b"%d:" % number + BYTES[start : start + min(length, 60_000)]
        if self.body == "length":
            framed = b"Content-Length: %d\r\n\r\n" % len(body) + body
        else:
            size = max(1, len(body) // 3)
            parts = [body[at : at + size] for at in range(0, len(body), size)]
            chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
            framed = b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
        return line + self.head + framed, self._expected(number, body)

    def _expected(self, number: int, body: bytes) -> bytes:
        match self.answer:
            case "small":
                return b'{"n":"%d"}' % number
            case "stream":
                return b"".join(b"%d part %d\n" % (number, part) for part in range(4))
            case "echo":
                return body
            case _:
                return self.file


@dataclass(slots=True)
class Call:
    kind: Kind
    number: int
    due: float
    sent: float
    expected: bytes
    was_reused: bool = False


BYTES = random.Random(7).randbytes(64_000)


def parse(text: bytearray, is_closed: bool) -> tuple[int, bytes, bool] | None:
    """Status, body and whether the connection stays, if the answer is whole."""
    end = text.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(text[:end]).lower()
    status = int(head[9:12])
    stays = b"\r\nconnection: close" not in head
    begin = end + 4
    at = head.find(b"\r\ncontent-length:")
    if at >= 0:
        length = int(head[at + 17 :].split(b"\r\n", 1)[0])
        return (status, bytes(text[begin : begin + length]), stays) if len(text) >= begin + length else None
    if b"\r\ntransfer-encoding: chunked" in head:
        body = b""
        while True:
            line = text.find(b"\r\n", begin)
            if line < 0:
                return None
            size = int(bytes(text[begin:line]), 16)
            if len(text) < line + 4 + size:
                return None
            if size == 0:
                return status, body, stays
            body += text[line + 2 : line + 2 + size]
            begin = line + 4 + size
    if status in (204, 304):
        return status, b"", stays
    return (status, bytes(text[begin:]), False) if is_closed else None
