"""Changes of the table of calls in quick succession. A call after each one must see it."""

import contextlib
import http.client
import json
import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from gateway_benchmark import gatehouse
from gateway_benchmark.gatehouse import PASSWORD, Platform

VERSION = "v1"


class Caller:
    """A client with one connection. It counts its calls."""

    def __init__(self, port: int, token: str, context: ssl.SSLContext | None = None) -> None:
        self.port, self.token, self.context = port, token, context
        self.calls = 0
        self.connection = self._open()

    def _open(self) -> http.client.HTTPConnection:
        if self.context:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def call(self, path: str, token: str | None = None, method: str = "GET") -> tuple[int, bytes]:
        self.calls += path.startswith("/api/rest/")
        self.connection.request(method, path, headers={"Authorization": f"Bearer {token or self.token}"})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        self.connection.close()


class Changes(threading.Thread):
    """Random changes, each with the call that must show it."""

    def __init__(self, port: int, admin: str, user: str, origin: str, seed: int, pause: float) -> None:
        super().__init__(daemon=True)
        self.random, self.pause, self.origin = random.Random(seed), pause, origin
        self.platform = Platform(port)
        self.platform.act_as(admin)
        self.caller = Caller(port, user)
        self.base = user
        self.ends = threading.Event()
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self.users: list[str] = []
        self.number = 0

    def run(self) -> None:
        steps: list[tuple[Callable[[], None], int]] = [
            (self.endpoint, 10),
            (self.api, 4),
            (self.subscription, 6),
            (self.routing, 2),
            (self.token, 5),
            (self.user, 1),
            (self.caches, 2),
        ]
        functions, weights = zip(*steps, strict=True)
        try:
            while not self.ends.wait(self.pause * self.random.uniform(0.5, 1.5)):
                step = self.random.choices(functions, weights)[0]
                step()
                self.counts[step.__name__] += 1
        except Exception as error:
            self.problems.append(f"a change failed: {type(error).__name__}: {error}")

    def stop(self) -> None:
        self.ends.set()
        self.join()

    def expect(self, path: str, status: int, code: str = "", token: str | None = None) -> None:
        found, body = self.caller.call(f"/api/rest/{path}", token)
        text = body.decode(errors="replace")
        if found != status or code not in text:
            self.problems.append(f"{path} answered {found} {text[:100]} in place of {status} {code}")

    def _api(self, name: str) -> None:
        self.platform.request("POST", "/api", api_of(name, [self.origin]))

    def _endpoint(self, name: str, method: str, uri: str) -> None:
        fields = {"api_name": name, "api_version": VERSION, "endpoint_method": method, "endpoint_uri": uri}
        self.platform.request("POST", "/endpoint", {**fields, "endpoint_description": uri})

    def endpoint(self) -> None:
        name = f"changing{self.random.randrange(20)}"
        self.expect(f"steady/{VERSION}/{name}", 404, "GTW003")
        self._endpoint("steady", "GET", f"/{name}")
        # The upstream server has no such file.
        self.expect(f"steady/{VERSION}/{name}", 404, "GTW005")
        self.platform.request("DELETE", f"/endpoint/GET/steady/{VERSION}/{name}")
        self.expect(f"steady/{VERSION}/{name}", 404, "GTW003")

    def api(self) -> None:
        name = f"changing{self.random.randrange(20)}"
        self.expect(f"{name}/{VERSION}/small", 404, "GTW001")
        self._api(name)
        self._endpoint(name, "GET", "/small")
        self.expect(f"{name}/{VERSION}/small", 403, "GTW403")
        self._subscribe("subscribe", gatehouse.USER, name)
        self.expect(f"{name}/{VERSION}/small?n=5", 200, '"5"')
        self._subscribe("unsubscribe", gatehouse.USER, name)
        self.platform.request("DELETE", f"/endpoint/GET/{name}/{VERSION}/small")
        self.platform.request("DELETE", f"/api/{name}/{VERSION}")
        self.expect(f"{name}/{VERSION}/small", 404, "GTW001")

    def _subscribe(self, verb: str, user: str, name: str) -> None:
        fields = {"username": user, "api_name": name, "api_version": VERSION}
        self.platform.request("POST", f"/subscription/{verb}", fields)

    def subscription(self) -> None:
        self._subscribe("unsubscribe", gatehouse.USER, "extra")
        self.expect(f"extra/{VERSION}/small", 403, "GTW403")
        self._subscribe("subscribe", gatehouse.USER, "extra")
        self.expect(f"extra/{VERSION}/small?n=6", 200, '"6"')

    def routing(self) -> None:
        key = f"key{self.random.randrange(20)}"
        fields = {"routing_name": key, "routing_servers": [self.origin], "client_key": key}
        self.platform.request("POST", "/routing", {**fields, "routing_description": key})
        self.platform.request("DELETE", f"/routing/{key}")

    def token(self) -> None:
        """A token that is revoked. It is valid for a minute, so that the gateway may forget it."""
        token = gatehouse.token_of(gatehouse.USER, self.base, int(time.time()) + 60)
        self.expect(f"steady/{VERSION}/small?n=7", 200, '"7"', token)
        status, body = self.caller.call("/platform/authorization/invalidate", token, "POST")
        if status != 200:
            self.problems.append(f"invalidate answered {status} {body[:100]!r}")
        self.expect(f"steady/{VERSION}/small", 401, "GTW401", token)

    def user(self) -> None:
        """A user with a hash of its password, which takes the processor for 200 ms."""
        self.number += 1
        name = f"changing{self.number % 20}"
        user = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        self.platform.request("POST", "/user", {**user, "role": gatehouse.USER, "groups": [gatehouse.USER]})
        self._subscribe("subscribe", name, "steady")
        token = gatehouse.token_of(name, self.base, int(time.time()) + 60)
        self.expect(f"steady/{VERSION}/small?n=8", 200, '"8"', token)
        self.platform.request("DELETE", f"/user/{name}")
        self.expect(f"steady/{VERSION}/small", 401, "GTW401", token)

    def caches(self) -> None:
        status, body = self.caller.call("/api/caches", self.platform.token, "DELETE")
        if status != 200:
            self.problems.append(f"DELETE /api/caches answered {status} {body[:100]!r}")


def api_of(name: str, servers: list[str], **fields: Any) -> dict[str, Any]:
    api = {"api_name": name, "api_version": VERSION, "api_type": "REST", "api_servers": servers}
    return {**api, "api_allowed_groups": [gatehouse.USER], **fields}


class SecureCalls(threading.Thread):
    """A few calls over TLS, on new connections and kept ones."""

    def __init__(self, port: int, token: str, path: str) -> None:
        super().__init__(daemon=True)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.caller, self.path = Caller(port, token, context), path
        self.ends = threading.Event()
        self.problems: list[str] = []
        self.certificates: set[bytes] = set()

    def run(self) -> None:
        while not self.ends.wait(0.05):
            number = self.caller.calls
            try:
                status, body = self.caller.call(f"{self.path}?n={number}")
                if status != 200 or json.loads(body) != {"n": str(number)}:
                    self.problems.append(f"a call over TLS answered {status} {body[:100]!r}")
                if number % 5 == 0:
                    with contextlib.suppress(AttributeError):
                        self.certificates.add(self.caller.connection.sock.getpeercert(binary_form=True))
                    self.caller.close()
            except (OSError, http.client.HTTPException) as error:
                self.problems.append(f"a call over TLS failed: {type(error).__name__}: {error}")
                self.caller.close()

    def stop(self) -> None:
        self.ends.set()
        self.join()
        self.caller.close()
