"""The gateway of a part: its start, its state, metrics and dumps."""

import http.client
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway_benchmark import Unusable, dump_file, gatehouse
from gateway_benchmark.gatehouse import PASSWORD, USER, Platform
from gateway_benchmark.processes import Server
from gateway_benchmark.servers import Certificate

from soak.changes import VERSION, api_of

UNLIMITED = {"rate_limit_enabled": True, "rate_limit_duration": 1_000_000_000, "rate_limit_duration_type": "minute"}
SETTINGS = {
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "json",
    "HTTP_MAX_CONNECTIONS": "400",
    "HTTP_MAX_KEEPALIVE": "100",
    "CIRCUIT_BREAKER_TIMEOUT": "1",
    "MEM_AUTO_SAVE_ENABLED": "true",
    "MEM_AUTO_SAVE_FREQ": "60",
}


@dataclass
class Site:
    server: Server
    port: int
    platform: Platform
    token: str

    @property
    def identifier(self) -> int:
        return self.server.process.pid

    def metrics(self) -> dict[str, float]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        lines = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def total(self, name: str, label: str = "") -> float:
        return total(self.metrics(), name, label)

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.identifier}/fd").iterdir()))

    def clients(self) -> int:
        """Connections of clients that both sides have open, as the kernel knows them."""
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
        port = f":{self.port:04X}"
        return sum(fields[1].endswith(port) and fields[3] == "01" for fields in map(str.split, lines))

    def other_descriptors(self) -> int:
        """Descriptors beside those of open connections to clients and servers."""
        servers = self.total("gatehouse_upstream_connections", 'state="open"')
        return self.descriptors() - self.clients() - int(servers)

    def resident(self) -> int:
        """Bytes of resident memory."""
        return round(self.server.resident_mebibytes() * (1 << 20))

    def api(self, name: str, servers: list[str], paths: list[tuple[str, str]], **fields: Any) -> None:
        self.platform.request("POST", "/api", api_of(name, servers, **fields))
        for method, uri in paths:
            endpoint = {"api_name": name, "api_version": VERSION, "endpoint_method": method, "endpoint_uri": uri}
            self.platform.request("POST", "/endpoint", {**endpoint, "endpoint_description": uri})

    def user(self, name: str, apis: list[str], **limits: Any) -> str:
        """Creates a user with subscriptions. Returns a token."""
        user = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, "role": USER, "groups": [USER]}
        self.platform.request("POST", "/user", {**user, **UNLIMITED, **limits})
        for api in apis:
            fields = {"username": name, "api_name": api, "api_version": VERSION}
            self.platform.request("POST", "/subscription/subscribe", fields)
        return self.platform.log_in(user["email"], PASSWORD)

    def end(self) -> dict[str, list[dict[str, Any]]]:
        """Stops the gateway in order, and returns its last dump."""
        self.server.process.send_signal(signal.SIGTERM)
        try:
            code = self.server.process.wait(60)
        except subprocess.TimeoutExpired as error:
            raise Unusable("the gateway does not end within 60 s of SIGTERM") from error
        if code != 0:
            raise Unusable(f"the gateway ended with {code}")
        folder = Path(self.server.environment["MEM_DUMP_PATH"]).parent
        return dump_file.read(max(folder.glob("memory_dump-*.bin")), gatehouse.KEY)


def total(metrics: dict[str, float], name: str, label: str = "") -> float:
    return sum(value for key, value in metrics.items() if key.split("{")[0] == name and label in key)


def start(
    name: str,
    program: Path,
    work: Path,
    settings: dict[str, str] | None = None,
    certificate: Certificate | None = None,
    output: int | None = None,
) -> Site:
    """Starts a gateway with an empty state, a group and a role."""
    settings = {**SETTINGS, **(settings or {})}
    server, port = gatehouse.start(name, program, work, certificate=certificate, settings=settings, output=output)
    platform = Platform(port, certificate is not None)
    platform.act_as(platform.log_in("admin", PASSWORD))
    platform.request("POST", "/group", {"group_name": USER})
    platform.request("POST", "/role", {"role_name": USER})
    return Site(server, port, platform, platform.token)
