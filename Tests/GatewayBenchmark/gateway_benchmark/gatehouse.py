"""The gateway under load: its settings, and its state, which the platform API makes."""

import base64
import copy
import hashlib
import hmac
import http.client
import json
import ssl
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway_benchmark import Unusable, dump_file
from gateway_benchmark.dump_file import Collections
from gateway_benchmark.processes import Server, free_port
from gateway_benchmark.servers import Certificate

KEY = "benchmark-key-0123456789abcdef012345"
SECRET = "benchmark-secret-0123456789abcdef01"
PASSWORD = "Correct-Horse-Battery-9"
USER = "bench"
# APIs with endpoints, and users: the state of the scenario with many of them.
APIS, ENDPOINTS, USERS = 100, 10, 1000
SETTINGS = {
    "MEM_ENCRYPTION_KEY": KEY,
    "JWT_SECRET_KEY": SECRET,
    "DOORMAN_ADMIN_PASSWORD": PASSWORD,
    "HOST": "127.0.0.1",
    "LOG_LEVEL": "ERROR",
    # The state is taken from a dump, by a reader of this format.
    "MEM_DUMP_FORMAT": "dmp1",
    "LOGIN_IP_RATE_DISABLED": "true",
    "AUTH_EXPIRE_TIME": "24",
    "AUTH_EXPIRE_TIME_FREQ": "hours",
    # The load has one address, and bodies of up to 10 MiB.
    "MAX_CONNECTIONS_PER_ADDRESS": "off",
    "MAX_BODY_SIZE_BYTES": str(32 << 20),
    "MAX_REQUEST_MEMORY_BYTES": str(1 << 30),
}
PATHS = [("GET", f"/{name}") for name in ("small", "k1", "k64", "m10", "slow")] + [("POST", "/sink")]


def _connection(port: int, has_tls: bool) -> http.client.HTTPConnection:
    if not has_tls:
        return http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    # The certificate is signed by its own key.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=context)


class Platform:
    """Requests to the platform API."""

    def __init__(self, port: int, has_tls: bool = False) -> None:
        self._connection = _connection(port, has_tls)
        self._headers = {"Content-Type": "application/json"}
        self.token = ""

    def request(self, method: str, path: str, body: Any = None) -> Any:
        text = None if body is None else json.dumps(body)
        self._connection.request(method, f"/platform{path}", text, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 201):
            raise Unusable(f"{method} /platform{path} answered {answer.status}: {content[:500]!r}")
        return json.loads(content)

    def log_in(self, name: str, password: str) -> str:
        return self.request("POST", "/authorization", {"email": name, "password": password})["access_token"]

    def act_as(self, token: str) -> None:
        self.token = token
        self._headers["Authorization"] = f"Bearer {token}"


@dataclass(frozen=True)
class State:
    """What a gateway starts with, and the token of its user."""

    collections: Collections
    token: str


def start(
    name: str,
    program: Path,
    work: Path,
    state: State | None = None,
    certificate: Certificate | None = None,
    settings: Mapping[str, str] | None = None,
    command: tuple[str, ...] = (),
    seconds: float = 60,
    output: int | None = None,
) -> tuple[Server, int]:
    """Starts a gateway, with the words of `command` before its program."""
    folder = work / f"{name}-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    if state:
        dump_file.write(folder / "memory_dump-20260101T000000Z.bin", KEY, state.collections)
    port = free_port()
    environment = {
        **SETTINGS,
        "MEM_DUMP_PATH": str(folder / "memory_dump.bin"),
        "SECURITY_SETTINGS_FILE": str(folder / "security_settings.json"),
        "PORT": str(port),
        **(settings or {}),
    }
    if certificate:
        environment |= {"SSL_CERTFILE": str(certificate.certificate), "SSL_KEYFILE": str(certificate.key)}
    server = Server(name, [*command, str(program)], work, environment, output)
    server.wait_until(
        lambda: _says_ready(server.log.read_text(errors="replace")) or _is_ready(port, has_tls=certificate is not None),
        seconds,
    )
    return server, port


def start_with_standby(
    name: str, program: Path, work: Path, state: State, command: tuple[str, ...], seconds: float
) -> tuple[Server, int]:
    """Starts a gateway as `start` does, and another task on its volume, which shares the limits with it."""
    writer, port = start(name, program, work, state, command=command, seconds=seconds)
    try:
        # It is ready when the writer has given it a share of each limit.
        volume = {"MEM_DUMP_PATH": writer.environment["MEM_DUMP_PATH"]}
        standby, _ = start(f"{name}-standby", program, work, settings=volume, seconds=seconds)
    except BaseException:
        writer.stop()
        raise
    writer.companions.append(standby)
    return writer, port


def _says_ready(log: str) -> bool:
    return " ready " in log or '"message":"ready"' in log


def _is_ready(port: int, has_tls: bool) -> bool:
    connection = _connection(port, has_tls)
    try:
        connection.request("GET", "/platform/monitor/readiness")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _create_api(platform: Platform, name: str, upstream: int, paths: list[tuple[str, str]], **fields: object) -> None:
    api = {"api_name": name, "api_version": "v1", "api_type": "REST", "api_servers": [f"http://127.0.0.1:{upstream}"]}
    platform.request("POST", "/api", {**api, "api_allowed_groups": [USER], **fields})
    for method, uri in paths:
        endpoint = {"api_name": name, "api_version": "v1", "endpoint_method": method, "endpoint_uri": uri}
        platform.request("POST", "/endpoint", {**endpoint, "endpoint_description": uri})


def _subscribe(platform: Platform, name: str) -> None:
    fields = {"username": USER, "api_name": name, "api_version": "v1"}
    platform.request("POST", "/subscription/subscribe", fields)


def make_state(program: Path, work: Path, upstream: int, has_many: bool) -> State:
    """Makes a state by requests to an empty gateway, and takes it from a dump."""
    server, port = start("seed", program, work)
    try:
        platform = Platform(port)
        platform.act_as(platform.log_in("admin", PASSWORD))
        platform.request("POST", "/group", {"group_name": USER})
        platform.request("POST", "/role", {"role_name": USER})
        user = {"username": USER, "email": f"{USER}@example.com", "password": PASSWORD, "role": USER, "groups": [USER]}
        limit = {"rate_limit_enabled": True, "rate_limit_duration": 1_000_000_000, "rate_limit_duration_type": "minute"}
        platform.request("POST", "/user", {**user, **limit})
        if has_many:
            for api in range(APIS):
                paths = [("GET", f"/things{number}/{{id}}/parts") for number in range(ENDPOINTS)]
                _create_api(platform, f"api{api:03}", upstream, paths)
                _subscribe(platform, f"api{api:03}")
        else:
            _create_api(platform, "public", upstream, PATHS, api_public=True)
            _create_api(platform, "secured", upstream, PATHS)
            _subscribe(platform, "secured")
        token = platform.log_in(f"{USER}@example.com", PASSWORD)
        path = Path(platform.request("POST", "/memory/dump")["response"]["path"])
        state = State(dump_file.read(path, KEY), token)
    finally:
        server.stop()
    if has_many:
        for kind in ("users", "subscriptions"):
            _multiply(state.collections[kind])
    return state


def user_name(number: int) -> str:
    return f"{USER}{number:04}"


def _multiply(documents: list[dict[str, Any]]) -> None:
    """Adds copies of the user's document for all users."""
    [one] = [document for document in documents if document["username"] == USER]
    for number in range(USERS):
        new = copy.deepcopy(one) | {"_id": str(uuid.uuid4()), "username": user_name(number)}
        if "email" in new:
            new["email"] = f"{user_name(number)}@example.com"
        documents.append(new)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def token_of(name: str, token: str | None, end: int | None = None) -> str:
    """The token of another user with the same role. Without one: a token of about the size of one of the gateway.

    The new token has the same end, or the one that is given in Unix seconds.
    """
    if token is None:
        header = _encoded(b'{"alg":"HS256","typ":"JWT"}')
        content = {"role": USER, "exp": 4_000_000_000, "accesses": {f"manage_something_{n}": False for n in range(16)}}
    else:
        header, claims, _ = token.split(".")
        content = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    content |= {"sub": name, "jti": str(uuid.uuid4())} | ({"exp": end} if end else {})
    signed = f"{header}.{_encoded(json.dumps(content, separators=(',', ':')).encode())}"
    return f"{signed}.{_encoded(hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256))}"
