"""A client with one connection that is kept, as long as the other side keeps it."""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import Any

from gatehouse_ecs.local.service import wire

PATIENCE = 30


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    head: wire.Head

    def field(self, name: bytes) -> str:
        return b",".join(self.head.values(name)).decode(errors="replace")

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Cut(Exception):
    """The connection ended before the whole answer was there."""


class Client:
    def __init__(self, port: int, source: str | None = None) -> None:
        """`source`: the address that it calls from."""
        self._port = port
        self._source = (source, 0) if source else None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        # Grows with each connection, so that a caller knows what was seen on the same one.
        self.connection = 0

    async def call(self, method: str, path: str, token: str | None = None, body: Any = None) -> Answer:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._call(method, path, token, body)
        except TimeoutError:
            self.close()
            raise Cut(f"no answer within {PATIENCE} s") from None
        except (OSError, wire.Malformed, asyncio.IncompleteReadError) as error:
            self.close()
            raise Cut(f"{type(error).__name__}: {error}") from None

    def close(self) -> None:
        if self._streams is not None:
            with contextlib.suppress(OSError):
                self._streams[1].close()
        self._streams = None

    async def _call(self, method: str, path: str, token: str | None, body: Any) -> Answer:
        if self._streams is None or self._streams[0].at_eof():
            self.close()
            self._streams = await asyncio.open_connection(
                "127.0.0.1", self._port, local_addr=self._source, limit=wire.LONGEST_HEAD
            )
            self.connection += 1
        reader, writer = self._streams
        text = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: gatehouse.example.com", f"Content-Length: {len(text)}"]
        lines += ["Content-Type: application/json"] if text else []
        lines += [f"Authorization: Bearer {token}"] if token else []
        writer.write("\r\n".join([*lines, "", ""]).encode() + text)
        await writer.drain()
        head = await wire.read_head(reader)
        if head is None:
            raise Cut("the connection was closed in place of an answer")
        framing = wire.answer_framing(head, method.encode())
        found = await wire.read_body(reader, framing)
        if head.closes() or (framing.length is None and not framing.is_chunked):
            self.close()
        return Answer(head.status, found, head)
