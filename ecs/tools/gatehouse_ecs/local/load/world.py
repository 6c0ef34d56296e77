"""What the load needs on the gateway: a server to call, an API with it, a user who may call it."""

import asyncio
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from gatehouse_ecs.local import Refused
from gatehouse_ecs.local.load.client import Answer, Client, Cut
from gatehouse_ecs.local.service import wire

PATIENCE = 60
PAUSE = 0.5
# Calls a second of the user that has a limit.
LIMIT = 5
ENDPOINT = {"endpoint_method": "GET", "endpoint_uri": "/items/{id}", "endpoint_description": "of the load"}


@dataclass
class World:
    port: int
    administrator: tuple[str, str]
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    # Tokens are renewed while the load goes on.
    admin_token: str = ""
    user_token: str = ""
    limited_token: str = ""
    logins: int = 0

    @property
    def user(self) -> tuple[str, str]:
        return f"load-{self.run}@example.com", f"Load-{self.run}-Passw0rd!"

    @property
    def limited_user(self) -> tuple[str, str]:
        return f"limited-{self.run}@example.com", self.user[1]

    def source(self) -> str:
        """Another address of loopback for each login, as logins of one address are limited."""
        self.logins += 1
        return f"127.{200 + self.logins // 62500 % 50}.{self.logins // 250 % 250}.{1 + self.logins % 250}"

    async def make(self) -> None:
        """Raises `Refused` when the gateway does not do what is asked within a minute."""
        server = await asyncio.start_server(_echo, "127.0.0.1", 0, limit=wire.LONGEST_HEAD)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self.server = server
        name, client = f"load-{self.run}", Client(self.port)
        self.admin_token = await self._log_in(client, self.administrator)
        api = {"api_name": name, "api_version": "v1"}
        limit = {"rate_limit_enabled": True, "rate_limit_duration": LIMIT, "rate_limit_duration_type": "second"}
        steps = [
            # As docs/deploy/ecs.md says for a load balancer; without it all clients have one address.
            ("PUT", "security/settings", {"trust_x_forwarded_for": True, "xff_trusted_proxies": ["127.0.0.0/8"]}),
            ("POST", "api", api | {"api_type": "REST", "api_servers": [address], "api_allowed_groups": ["ALL"]}),
            ("POST", "endpoint", api | ENDPOINT),
            *self._user(self.user, {}, api),
            *self._user(self.limited_user, limit, api),
        ]
        for method, path, body in steps:
            await self._ask(client, method, f"/platform/{path}", body)
        client.close()
        self.user_token = await self._log_in_once(self.user)
        self.limited_token = await self._log_in_once(self.limited_user)

    @staticmethod
    def _user(who: tuple[str, str], limit: dict[str, Any], api: dict[str, str]) -> list[tuple[str, str, Any]]:
        email, password = who
        name = email.partition("@")[0]
        user = {"username": name, "email": email, "password": password, "role": "developer", "groups": ["ALL"]}
        return [("POST", "user", user | limit), ("POST", "subscription/subscribe", {"username": name, **api})]

    async def _log_in_once(self, who: tuple[str, str]) -> str:
        client = Client(self.port, self.source())
        token = await self._log_in(client, who)
        client.close()
        return token

    async def _log_in(self, client: Client, who: tuple[str, str]) -> str:
        answer = await self._ask(client, "POST", "/platform/authorization", {"email": who[0], "password": who[1]})
        return answer.json()["access_token"]

    async def _ask(self, client: Client, method: str, path: str, body: Any) -> Answer:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = await client.call(method, path, self.admin_token, body)
            except Cut as error:
                said = str(error)
            else:
                if answer.status in (200, 201):
                    return answer
                said = f"{answer.status} {answer.body[:200].decode(errors='replace')}"
            if time.monotonic() > deadline:
                raise Refused(f"--load: {method} {path} does not succeed: {said}")
            await asyncio.sleep(PAUSE)


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers the last part of each path."""
    try:
        while head := await wire.read_head(reader):
            body = json.dumps({"item": head.line.split(b" ")[1].decode().rpartition("/")[2]})
            writer.write(
                f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            )
            await writer.drain()
    except (OSError, wire.Malformed, asyncio.CancelledError):
        # The gateway is gone, or the load is over.
        pass
    finally:
        writer.close()
