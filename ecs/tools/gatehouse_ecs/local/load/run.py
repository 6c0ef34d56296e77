"""The load as a whole, on a thread of its own."""

import asyncio
import threading
import time

from gatehouse_ecs.local import Refused
from gatehouse_ecs.local.load.client import Client, Cut
from gatehouse_ecs.local.load.clients import Caller, Writer, call_api, call_within_limit, log_in, watch
from gatehouse_ecs.local.load.report import Report
from gatehouse_ecs.local.load.world import World

CALLERS, WRITERS, READERS = 4, 3, 2
# Seconds in which every document must be readable at the end.
PATIENCE = 60


class Load:
    def __init__(self, port: int, administrator: tuple[str, str], report: Report) -> None:
        self._world = World(port, administrator)
        self._report = report
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._is_over = asyncio.Event()
        self._is_made = threading.Event()
        self.error: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    @property
    def is_made(self) -> bool:
        return self._is_made.is_set()

    def end(self) -> None:
        """Asks for the end; `has_ended` says when all is checked."""
        if self._loop is not None and not self.has_ended:
            self._loop.call_soon_threadsafe(self._is_over.set)

    @property
    def has_ended(self) -> bool:
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            self.error = error
        finally:
            self._is_made.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._world.make()
        self._is_made.set()
        caller = Caller(self._world, self._report, self._is_over)
        writers = [Writer(caller, number) for number in range(WRITERS)]
        clients = [call_api(caller, number) for number in range(CALLERS)]
        clients += [call_within_limit(caller)]
        clients += [writer.run() for writer in writers] + [watch(caller, writers) for _ in range(READERS)]
        await asyncio.gather(log_in(caller), *clients)
        for writer in writers:
            self._report.acknowledged += writer.ledger.acknowledged
            await self._check(writer)
        self._report.is_checked = True
        self._world.server.close()

    async def _check(self, writer: Writer) -> None:
        client, deadline = Client(self._world.port), time.monotonic() + PATIENCE
        for name in writer.ledger.entries:
            found = await self._read(client, name, deadline)
            if fault := writer.ledger.fault(name, found):
                self._report.missing.append(fault)
        client.close()

    async def _read(self, client: Client, name: str, deadline: float) -> int | None:
        while True:
            try:
                answer = await client.call("GET", f"/platform/group/{name}", self._world.admin_token)
                said = f"{answer.status}"
                if answer.status == 404:
                    return None
                if answer.status == 200:
                    return int(answer.json()["group_description"])
            except Cut as error:
                said = str(error)
            if time.monotonic() > deadline:
                raise Refused(f"--load: {name} can't be read at the end: {said}")
            await asyncio.sleep(0.5)
