"""A load balancer on loopback: it chooses a target for each request, keeps connections on both sides, and repeats
nothing. What it can't get from a target it answers with 502, 503 or 504, as an ALB does."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable

from gatehouse_ecs.local.service import wire
from gatehouse_ecs.local.service.targets import Target, TargetGroup

CONNECT_LIMIT = 10
IDLE_LIMIT = 60
REASONS = {400: "Bad Request", 502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}
# For those who look for the cause of a failure; an ALB has no such fields.
TARGET, FAULT = b"X-Ecs-Local-Target", b"X-Ecs-Local-Fault"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Unanswered(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Proxy:
    def __init__(self, group: TargetGroup, report: Callable[[str, str], None]) -> None:
        """`report(target, state)` is called from the balancer's thread when the health of a target changes."""
        self._group = group
        self._report = report
        self._idle: dict[str, list[tuple[float, Streams]]] = {}
        self._checks: dict[str, asyncio.Task[None]] = {}
        self._clients: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._checker: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0
        self.requests = 0

    def start(self, port: int) -> None:
        """Raises `OSError` when the port is taken."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(port), self._loop).result(10)

    def close(self) -> None:
        if self._thread.is_alive():
            with contextlib.suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()

    async def _open(self, port: int) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=wire.LONGEST_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]
        self._checker = asyncio.create_task(self._check_all())

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        tasks = [*([self._checker] if self._checker else []), *self._checks.values(), *self._clients]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=5)
        for name in list(self._idle):
            self._forget(name)

    # Health

    async def _check_all(self) -> None:
        while True:
            targets = {target.name: target for target in self._group.checked()}
            for name, target in targets.items():
                if name not in self._checks:
                    self._checks[name] = asyncio.create_task(self._check(target))
            for name in self._checks.keys() - targets.keys():
                self._checks.pop(name).cancel()
            for name in [name for name in self._idle if self._group.state(name) is None]:
                self._forget(name)
            await asyncio.sleep(0.1)

    def _forget(self, name: str) -> None:
        for _, streams in self._idle.pop(name):
            streams[1].close()

    async def _check(self, target: Target) -> None:
        settings = self._group.settings
        while True:
            began = time.monotonic()
            try:
                async with asyncio.timeout(settings.timeout):
                    is_well = await self._ask(target)
            except (TimeoutError, OSError, wire.Malformed, asyncio.IncompleteReadError):
                is_well = False
            if state := self._group.note(target.name, is_well):
                self._report(target.name, state)
            await asyncio.sleep(max(0, began + settings.interval - time.monotonic()))

    async def _ask(self, target: Target) -> bool:
        reader, writer = await asyncio.open_connection(target.address, target.port)
        try:
            line = f"GET {self._group.settings.path} HTTP/1.1\r\nHost: {target.address}:{target.port}\r\n"
            writer.write(f"{line}User-Agent: ELB-HealthChecker/2.0\r\nConnection: close\r\n\r\n".encode())
            head = await wire.read_head(reader)
            return head is not None and head.status == 200
        finally:
            writer.close()

    # Requests

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(asyncio.current_task())
        # The target of the last request on this connection.
        last: list[str] = []
        try:
            while await self._exchange(reader, writer, last):
                pass
        except (OSError, TimeoutError, wire.Malformed, asyncio.IncompleteReadError, asyncio.CancelledError):
            # The answer has begun, or the client is gone: it sees a connection that ends.
            writer.transport.abort()
        finally:
            self._clients.discard(asyncio.current_task())
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, last: list[str]) -> bool:
        """One request. → whether the connection goes on."""
        try:
            async with asyncio.timeout(IDLE_LIMIT):
                head = await wire.read_head(reader)
            framing = wire.request_framing(head) if head else wire.Framing()
        except wire.Malformed:
            await self._answer(writer, 400, "the request is not HTTP/1.1", None)
            return False
        except TimeoutError:
            return False
        if head is None:
            return False
        self.requests += 1
        target = self._group.choose(time.monotonic(), last[0] if last else None)
        if target is None:
            await self._answer(writer, 503, "no target", None)
            return False
        last[:] = [target.name]
        upload: asyncio.Task[None] | None = None
        streams: Streams | None = None
        try:
            streams = await self._connection(target)
            streams[1].write(head.bytes(self._forwarded(head, writer)))
            upload = asyncio.create_task(wire.pass_on(reader, streams[1], framing))
            upload.add_done_callback(lambda done: done.cancelled() or done.exception())
            answer = await self._head_of_answer(streams[0], writer)
        except Unanswered as fault:
            self._drop(streams, upload)
            await self._answer(writer, fault.status, str(fault), target.name)
            return False
        try:
            goes_on = await self._pass_answer(head, answer, streams, writer, target)
            goes_on = goes_on and upload.done() and upload.exception() is None
        except BaseException:
            self._drop(streams, upload)
            raise
        keeps = goes_on and not answer.closes()
        if keeps:
            self._idle.setdefault(target.name, []).append((time.monotonic(), streams))
        else:
            self._drop(streams, upload)
        return goes_on and not head.closes()

    async def _connection(self, target: Target) -> Streams:
        idle = self._idle.get(target.name, [])
        while idle:
            since, streams = idle.pop()
            is_fresh = time.monotonic() < since + IDLE_LIMIT
            if is_fresh and not streams[0].at_eof() and not streams[1].is_closing():
                return streams
            streams[1].close()
        try:
            async with asyncio.timeout(CONNECT_LIMIT):
                return await asyncio.open_connection(target.address, target.port, limit=wire.LONGEST_HEAD)
        except TimeoutError:
            raise Unanswered(504, "no connection to the target in time") from None
        except OSError as error:
            raise Unanswered(502, f"no connection to the target: {error.strerror}") from None

    async def _head_of_answer(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> wire.Head:
        while True:
            try:
                async with asyncio.timeout(IDLE_LIMIT):
                    answer = await wire.read_head(reader)
                if answer is None:
                    raise Unanswered(502, "the target closed the connection before its answer")
                if answer.status >= 200:
                    return answer
            except TimeoutError:
                raise Unanswered(504, "no answer of the target in time") from None
            except (OSError, wire.Malformed) as error:
                raise Unanswered(502, f"{type(error).__name__} in place of an answer") from None
            # 100 Continue: the client waits for it.
            client.write(answer.bytes([]))

    async def _pass_answer(
        self, head: wire.Head, answer: wire.Head, streams: Streams, writer: asyncio.StreamWriter, target: Target
    ) -> bool:
        framing = wire.answer_framing(answer, head.line.split(b" ", 1)[0])
        ends_with_connection = framing.length is None and not framing.is_chunked
        extra = [(TARGET, target.name.encode())]
        if ends_with_connection or head.closes():
            extra.append((b"Connection", b"close"))
        writer.write(answer.bytes(extra))
        await wire.pass_on(streams[0], writer, framing)
        await writer.drain()
        return not ends_with_connection

    @staticmethod
    def _forwarded(head: wire.Head, writer: asyncio.StreamWriter) -> list[tuple[bytes, bytes]]:
        address = writer.get_extra_info("peername")[0].encode()
        before = head.values(b"x-forwarded-for")
        # The listener stands for one that ends TLS.
        return [
            (b"X-Forwarded-For", b", ".join([*before, address])),
            (b"X-Forwarded-Proto", b"https"),
            (b"X-Forwarded-Port", b"443"),
        ]

    @staticmethod
    def _drop(streams: Streams | None, upload: asyncio.Task[None] | None) -> None:
        if upload is not None:
            upload.cancel()
        if streams is not None:
            streams[1].transport.abort()

    @staticmethod
    async def _answer(writer: asyncio.StreamWriter, status: int, why: str, target: str | None) -> None:
        line = (
            f"HTTP/1.1 {status} {REASONS[status]}\r\nServer: awselb/2.0\r\nContent-Length: 0\r\nConnection: close\r\n"
        )
        if target is not None:
            line += f"{TARGET.decode()}: {target}\r\n"
        writer.write(f"{line}{FAULT.decode()}: {why}\r\n\r\n".encode())
        await writer.drain()
