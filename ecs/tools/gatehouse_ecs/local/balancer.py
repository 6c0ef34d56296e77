"""A load balancer with the task as its target. It goes on sending requests for some seconds after SIGTERM, and says
which of them failed."""

import http.client
import itertools
import json
import threading
import time

from gatehouse_ecs.limits import BALANCER_LAG
from gatehouse_ecs.local import Refused
from gatehouse_ecs.local.definition import Container, TaskDefinition
from gatehouse_ecs.local.states import ContainerState
from gatehouse_ecs.local.timeline import Timeline

# A path that everyone may ask for, and that is no probe: probes are answered to the end.
PATH = "/api/health"
# A call to an API that does not exist. The data plane refuses it with a code of its own.
CALL = "/api/rest/ecs-local/v1/call"
# Seconds between two requests, and for one answer.
PAUSE = 0.05
PATIENCE = 10
NAME = "load balancer"


def target(definition: TaskDefinition) -> Container:
    """The container that a target group would name."""
    for container in definition.containers:
        if container.ports:
            return container
    raise Refused("--target-group: no container of the definition has a port; add portMappings to one")


class Balancer:
    def __init__(self, port: int, state: ContainerState, timeline: Timeline, call: str) -> None:
        """`port`: of the target on 127.0.0.1. `state`: of its container. `call`: the path of a call to an API."""
        self._port = port
        self._call = call
        self._state = state
        self._timeline = timeline
        self._sent_late = 0
        self._failures: list[str] = []
        self._is_over = threading.Event()
        self._sender = threading.Thread(target=self._send_all, daemon=True)

    def start(self) -> None:
        self._sender.start()

    def close(self) -> None:
        self._is_over.set()

    def finish(self) -> list[str]:
        """Waits for the last request, and says in a sentence which failed. Call it when the task has ended."""
        if self._sender.ident is None:
            return []
        self._sender.join(BALANCER_LAG + 2 * PATIENCE)
        if not self._failures:
            return []
        return [f"{len(self._failures)} requests of the load balancer failed, the first: {self._failures[0]}"]

    def _send_all(self) -> None:
        kept = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        # One after the other, each on a connection that is kept and on a new one: a request, and a call.
        for turn in itertools.count():
            if self._is_over.wait(PAUSE) or self._has_stopped():
                break
            is_late = self._state.signalled_at is not None
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE) if turn % 2 else kept
            fault = self._send(connection, self._call if turn // 2 % 2 else PATH)
            self._sent_late += is_late
            if connection is not kept or fault:
                connection.close()
            if fault:
                self._failures.append(fault)
        kept.close()
        result = f"{len(self._failures)} failed" if self._failures else "none failed"
        self._timeline.note(NAME, f"sent {self._sent_late} requests after SIGTERM; {result} in all")

    def _has_stopped(self) -> bool:
        """Whether it knows of the stop by now, or its target is gone without one."""
        if self._state.signalled_at is None:
            return self._state.has_ended
        return time.monotonic() >= self._state.signalled_at + BALANCER_LAG

    def _send(self, connection: http.client.HTTPConnection, path: str) -> str | None:
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            since = self._state.signalled_at
            when = f"{time.monotonic() - since:.1f} s after SIGTERM" if since is not None else "before the stop"
            return f"{type(error).__name__} {when}"
        is_good = answer.status == 200 if path == PATH else is_answer(answer.status, body)
        return None if is_good else f"status {answer.status} for {path}"


def is_answer(status: int, body: bytes) -> bool:
    """Whether a call was answered: by the API, or by the gateway with the code of a refusal."""
    if not 400 <= status < 500:
        return status < 400
    try:
        document = json.loads(body)
    except ValueError:
        return False
    return isinstance(document, dict) and "error_code" in document
