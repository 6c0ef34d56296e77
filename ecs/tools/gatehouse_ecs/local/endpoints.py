"""What ECS serves a task on a link-local address: metadata version 4, credentials of the task role, task protection."""

import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gatehouse_ecs.local.definition import TaskDefinition
from gatehouse_ecs.local.interfaces import Answer, Document
from gatehouse_ecs.local.metadata import Metadata
from gatehouse_ecs.local.protection import Protection

REQUESTS_PER_SECOND = 40
LARGEST_BODY = 64 << 10


class RateLimit:
    """At most so many requests in any second."""

    def __init__(self, limit: int = REQUESTS_PER_SECOND, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def admits(self) -> bool:
        with self._lock:
            now = self._clock()
            while self._times and self._times[0] <= now - 1:
                self._times.popleft()
            if len(self._times) >= self._limit:
                return False
            self._times.append(now)
            return True


class Endpoints:
    """One server for all containers; each has paths of its own that nobody can guess, as on ECS."""

    def __init__(
        self, address: str, definition: TaskDefinition, metadata: Metadata, report: Callable[[str, str], None]
    ) -> None:
        """`report(container, what)` is called for each request that changes something."""
        self._metadata = metadata
        self._has_task_role = definition.has_task_role
        self._report = report
        self._limit = RateLimit()
        self._protection = Protection(metadata.task_arn, definition.has_task_role)
        self._tokens = {secrets.token_hex(16): container.name for container in definition.containers}
        self._authorization = secrets.token_hex(24)
        handler = type("Handler", (_Handler,), {"endpoints": self})
        self._server = ThreadingHTTPServer((address, 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://{address}:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def environment(self, container: str) -> dict[str, str]:
        token = next(token for token, name in self._tokens.items() if name == container)
        values = {"ECS_CONTAINER_METADATA_URI_V4": f"{self.url}/v4/{token}", "ECS_AGENT_URI": f"{self.url}/api/{token}"}
        if self._has_task_role:
            values["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"{self.url}/credentials/{token}"
        return values

    def secret_environment(self) -> dict[str, str]:
        return {"AWS_CONTAINER_AUTHORIZATION_TOKEN": self._authorization} if self._has_task_role else {}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str, body: bytes, authorization: str | None) -> Answer:
        """→ (status, document)"""
        _, kind, token, *rest = [*path.split("?")[0].split("/"), "", ""]
        rest = [part for part in rest if part]
        container = self._tokens.get(token)
        if container is None:
            return 404, {"error": "there is no such path; use the variables that the container got"}
        if kind == "api" and rest == ["task-protection", "v1", "state"]:
            return self._protect(method, container, body)
        if method != "GET":
            return 405, {"error": "only GET here"}
        if kind == "credentials" and not rest:
            return self._credentials(authorization)
        if kind != "v4" or rest not in ([], ["task"]):
            return 404, {"error": "not served here: the container's own path, /task"}
        if not self._limit.admits():
            return 429, {"error": f"more than {REQUESTS_PER_SECOND} requests in a second"}
        return 200, self._metadata.task() if rest else self._metadata.container(container)

    def _protect(self, method: str, container: str, body: bytes) -> Answer:
        if method == "GET":
            return self._protection.get()
        if method != "PUT":
            return 405, {"error": "only GET and PUT here"}
        status, document, words = self._protection.put(body)
        self._report(container, words if status == 200 else f"{words}: {status}, {document['error']['Message']}")
        return status, document

    def _credentials(self, authorization: str | None) -> Answer:
        if not self._has_task_role:
            return 404, {"error": "the task has no role: give it a taskRoleArn"}
        if not secrets.compare_digest((authorization or "").encode(), self._authorization.encode()):
            return 401, {"error": "send AWS_CONTAINER_AUTHORIZATION_TOKEN as Authorization"}
        expires = datetime.now(UTC) + timedelta(hours=6)
        return 200, {
            "RoleArn": "arn:aws:iam::000000000000:role/local",
            "AccessKeyId": "ASIALOCALLOCALLOCAL0",
            "SecretAccessKey": "only-for-this-machine-opens-nothing",
            "Token": "local",
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


class _Handler(BaseHTTPRequestHandler):
    endpoints: Endpoints
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_GET(self) -> None:
        self._answer(b"")

    def do_PUT(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._send(400, {"error": "a body with its length is needed"})
        else:
            self._answer(self.rfile.read(int(length)))

    do_POST = do_PUT  # noqa: N815

    def _answer(self, body: bytes) -> None:
        self._send(*self.endpoints.answer(self.command, self.path, body, self.headers.get("Authorization")))

    def _send(self, status: int, document: Document) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Paths hold tokens: not logged."""
