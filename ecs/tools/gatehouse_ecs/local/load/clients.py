"""The clients of a load, each with a connection of its own, one call after the other."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from gatehouse_ecs.local.load.client import Answer, Client, Cut
from gatehouse_ecs.local.load.ledger import Ledger, Watermarks, Windows
from gatehouse_ecs.local.load.report import Report
from gatehouse_ecs.local.load.world import LIMIT, World

# Seconds between two calls of a client, and after one that failed.
PAUSE = 0.02
PAUSE_AFTER_FAILURE = 0.1
LOGIN_PAUSE = 0.5
# Seconds after which the administrator's token is renewed; it is valid for 30 minutes.
TOKEN_AGE = 600
# Documents of a writer that stay, before it deletes the oldest; and how many deleted ones it remembers.
KEPT = 200


class Caller:
    """Calls that every client shares: made, timed, counted."""

    def __init__(self, world: World, report: Report, is_over: asyncio.Event) -> None:
        self.world = world
        self.report = report
        self._is_over = is_over

    @property
    def is_over(self) -> bool:
        return self._is_over.is_set()

    async def forever(
        self, step: Callable[[], Awaitable[bool]], client: Client | None = None, pause: float = PAUSE
    ) -> None:
        while not self.is_over:
            await asyncio.sleep(pause if await step() else PAUSE_AFTER_FAILURE)
        if client is not None:
            client.close()

    async def call(
        self, client: Client, kind: str, method: str, path: str, token: str | None, body: Any, good: tuple[int, ...]
    ) -> Answer | None:
        """`None` after a failure, which is counted."""
        since = time.monotonic()
        try:
            answer = await client.call(method, path, token, body)
        except Cut as error:
            self.report.done(kind, since)
            self.report.fail(kind, str(error), "", since)
            return None
        self.report.done(kind, since)
        if answer.status in good:
            return answer
        target, fault = answer.field(b"x-ecs-local-target"), answer.field(b"x-ecs-local-fault")
        found = answer.json()
        code = found.get("error_code", "") if isinstance(found, dict) else ""
        self.report.fail(kind, f"{answer.status} {code or fault}", target, since)
        return None


async def call_api(caller: Caller, number: int) -> None:
    client, count = Client(caller.world.port), 0

    async def step() -> bool:
        nonlocal count
        count += 1
        item, since = f"{number}-{count}", time.monotonic()
        path = f"/api/rest/load-{caller.world.run}/v1/items/{item}"
        answer = await caller.call(client, "call", "GET", path, caller.world.user_token, None, (200,))
        if answer and answer.json() != {"item": item}:
            caller.report.fail("call", "the answer is of another call", answer.field(b"x-ecs-local-target"), since)
        return answer is not None

    await caller.forever(step, client)


async def call_within_limit(caller: Caller) -> None:
    """Calls more often than its limit allows."""
    client, windows, count = Client(caller.world.port), Windows(LIMIT), 0

    async def step() -> bool:
        nonlocal count
        count += 1
        path, began = f"/api/rest/load-{caller.world.run}/v1/items/limited-{count}", time.time()
        answer = await caller.call(client, "limited", "GET", path, caller.world.limited_token, None, (200, 429))
        if answer and answer.status == 200 and (fault := windows.admit(began, time.time())):
            caller.report.over_limit.append(fault)
        return answer is not None

    await caller.forever(step, client)


async def log_in(caller: Caller) -> None:
    world, renewed_at = caller.world, time.monotonic()
    waiting: list[tuple[str, str]] = []

    async def step() -> bool:
        nonlocal renewed_at
        # In turn, and the administrator and the limited user when their tokens get old.
        is_old = time.monotonic() > renewed_at + TOKEN_AGE
        who = waiting.pop() if waiting else world.user
        if is_old:
            waiting.extend([world.administrator, world.limited_user])
            renewed_at = time.monotonic()
        email, password = who
        client = Client(world.port, world.source())
        body = {"email": email, "password": password}
        answer = await caller.call(client, "login", "POST", "/platform/authorization", None, body, (200,))
        client.close()
        if answer is None:
            # An old token must be renewed, whatever comes between.
            waiting.extend([who] if who != world.user else [])
            return False
        token = answer.json()["access_token"]
        if who == world.administrator:
            world.admin_token = token
        elif who == world.limited_user:
            world.limited_token = token
        else:
            world.user_token = token
        return True

    await caller.forever(step, pause=LOGIN_PAUSE)


class Writer:
    """Creates groups, reads each back, counts one up, and deletes the oldest."""

    def __init__(self, caller: Caller, number: int) -> None:
        self.counter = f"load-{caller.world.run}-{number}-counter"
        self.ledger = Ledger()
        self._caller = caller
        self._client = Client(caller.world.port)
        self._stem = f"load-{caller.world.run}-{number}"
        self._number = 0
        self._kept: deque[str] = deque()
        self._deleted: deque[str] = deque()
        self._changed_at = time.monotonic()

    async def run(self) -> None:
        self._changed_at = time.monotonic()
        while not self._caller.is_over and not await self._change("POST", self.counter, 0):
            await asyncio.sleep(PAUSE_AFTER_FAILURE)
        await self._caller.forever(self._step, self._client)
        self._note_gap()

    async def _step(self) -> bool:
        self._number += 1
        name = f"{self._stem}-{self._number}"
        done = await self._change("POST", name, 1)
        self._kept.append(name)
        await self._read_back(name)
        done = await self._change("PUT", self.counter, self._number) and done
        await self._read_back(self.counter)
        if len(self._kept) > KEPT:
            oldest = self._kept.popleft()
            if self.ledger.entries[oldest].value is not None:
                done = await self._change("DELETE", oldest, None) and done
            self._deleted.append(oldest)
            if len(self._deleted) > KEPT:
                del self.ledger.entries[self._deleted.popleft()]
        return done

    async def _change(self, method: str, name: str, value: int | None) -> bool:
        path = "/platform/group" if method == "POST" else f"/platform/group/{name}"
        body = None if value is None else {"group_name": name, "group_description": str(value)}
        token = self._caller.world.admin_token
        answer = await self._caller.call(self._client, "change", method, path, token, body, (200, 201))
        if answer is None:
            self.ledger.doubt(name, value)
            return False
        self.ledger.acknowledge(name, value)
        self._note_gap()
        return True

    def _note_gap(self) -> None:
        now = time.monotonic()
        self._caller.report.longest_gap = max(self._caller.report.longest_gap, now - self._changed_at)
        self._changed_at = now

    async def _read_back(self, name: str) -> None:
        connection = self._client.connection
        found = await read(self._caller, self._client, name)
        # Another connection may be served by a task that has not seen the change yet.
        if found is not None and connection == self._client.connection and (fault := self.ledger.fault(name, found[0])):
            self._caller.report.went_back.append(f"read back: {fault}")


async def read(caller: Caller, client: Client, name: str) -> tuple[int | None] | None:
    """→ (the value of a group, `None` when it is not there), or `None` when the call failed."""
    path, token = f"/platform/group/{name}", caller.world.admin_token
    answer = await caller.call(client, "read", "GET", path, token, None, (200, 404))
    if answer is None:
        return None
    return (None,) if answer.status == 404 else (int(answer.json()["group_description"]),)


async def watch(caller: Caller, writers: list[Writer]) -> None:
    client, marks, turn = Client(caller.world.port), Watermarks(), 0

    async def step() -> bool:
        nonlocal turn
        turn += 1
        name = writers[turn % len(writers)].counter
        found = await read(caller, client, name)
        if found is not None and found[0] is not None:
            fault = marks.went_back(client.connection, name, found[0])
            if fault:
                caller.report.went_back.append(fault)
        return found is not None

    await caller.forever(step, client)
