"""HTTP/1.1 on the wire: heads, and bodies that are passed on as they come."""

import asyncio
from dataclasses import dataclass

LONGEST_HEAD = 64 << 10
PIECE = 64 << 10
# They belong to one connection, and are not passed on.
HOP = (b"connection", b"keep-alive", b"proxy-connection")


class Malformed(Exception):
    """The bytes are not HTTP/1.1."""


@dataclass
class Head:
    """The first line, and the fields as they came."""

    line: bytes
    fields: list[tuple[bytes, bytes]]

    def values(self, name: bytes) -> list[bytes]:
        return [value for found, value in self.fields if found.lower() == name]

    def closes(self) -> bool:
        words = b",".join(self.values(b"connection")).lower().replace(b" ", b"").split(b",")
        is_old = self.line.startswith(b"HTTP/1.0 ") or self.line.endswith(b" HTTP/1.0")
        return b"close" in words or (is_old and b"keep-alive" not in words)

    def bytes(self, extra: list[tuple[bytes, bytes]]) -> bytes:
        """The head without the fields of the connection, with `extra` ones in place of those of the same name."""
        replaced = {name.lower() for name, _ in extra}
        kept = [pair for pair in self.fields if pair[0].lower() not in HOP and pair[0].lower() not in replaced]
        return b"\r\n".join([self.line, *(name + b": " + value for name, value in kept + extra), b"", b""])

    @property
    def status(self) -> int:
        parts = self.line.split(b" ", 2)
        if len(parts) < 2 or not self.line.startswith(b"HTTP/1.") or not parts[1].isdigit():
            raise Malformed(f"no status line: {self.line[:80]!r}")
        return int(parts[1])


@dataclass(frozen=True)
class Framing:
    """How the end of a body is found. `length` is 0 without a body, and `None` until the connection closes."""

    length: int | None = 0
    is_chunked: bool = False


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """`None` when the other side closed before a byte."""
    try:
        text = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise Malformed("the head ends in the middle") from None
    except asyncio.LimitOverrunError:
        raise Malformed(f"the head has more than {LONGEST_HEAD} bytes") from None
    line, *rest = text[:-4].split(b"\r\n")
    fields = []
    for field in rest:
        name, colon, value = field.partition(b":")
        if not colon or not name or name != name.strip():
            raise Malformed(f"no field: {field[:80]!r}")
        fields.append((name, value.strip()))
    return Head(line, fields)


def _declared(head: Head) -> Framing | None:
    if encodings := head.values(b"transfer-encoding"):
        if encodings[-1].lower() != b"chunked" or head.values(b"content-length"):
            raise Malformed("an encoding that is not understood")
        return Framing(None, True)
    lengths = set(head.values(b"content-length"))
    if not lengths:
        return None
    length = lengths.pop()
    if lengths or not length.isdigit():
        raise Malformed("Content-Length is no number")
    return Framing(int(length))


def request_framing(head: Head) -> Framing:
    return _declared(head) or Framing()


def answer_framing(head: Head, method: bytes) -> Framing:
    if method == b"HEAD" or head.status in (204, 304) or head.status < 200:
        return Framing()
    return _declared(head) or Framing(None)


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, framing: Framing) -> None:
    """Passes a body on as it comes. Raises `IncompleteReadError` when it ends too early."""
    if framing.is_chunked:
        await _pass_chunks(reader, writer)
    elif framing.length is None:
        while piece := await reader.read(PIECE):
            await _write(writer, piece)
    else:
        await _pass_bytes(reader, writer, framing.length)


async def read_body(reader: asyncio.StreamReader, framing: Framing) -> bytes:
    if not framing.is_chunked:
        return await (reader.read() if framing.length is None else reader.readexactly(framing.length))
    pieces = []
    while size := _chunk_size(await reader.readuntil(b"\r\n")):
        pieces.append((await reader.readexactly(size + 2))[:-2])
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
    return b"".join(pieces)


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.split(b";")[0].strip(), 16)
    except ValueError:
        raise Malformed(f"no size of a chunk: {line[:40]!r}") from None


async def _pass_bytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: int) -> None:
    while count:
        piece = await reader.read(min(count, PIECE))
        if not piece:
            raise asyncio.IncompleteReadError(b"", count)
        await _write(writer, piece)
        count -= len(piece)


async def _pass_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        line = await reader.readuntil(b"\r\n")
        size = _chunk_size(line)
        await _write(writer, line)
        if size:
            await _pass_bytes(reader, writer, size + 2)
            continue
        # The trailer, up to its empty line.
        while True:
            line = await reader.readuntil(b"\r\n")
            await _write(writer, line)
            if line == b"\r\n":
                return


async def _write(writer: asyncio.StreamWriter, piece: bytes) -> None:
    writer.write(piece)
    await writer.drain()
