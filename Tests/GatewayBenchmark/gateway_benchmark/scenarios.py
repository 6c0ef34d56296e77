"""The scenarios by name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    """Requests of one kind."""

    name: str
    says: str
    api: str = "secured"
    method: str = "GET"
    path: str = "small"
    body: int = 0
    connections: int | None = None
    closes: bool = False
    has_many: bool = False
    has_tls: bool = False
    # Whether each call gets a line in a log.
    has_log: bool = False


def _all() -> list[Scenario]:
    scenarios = [
        Scenario("public", "an API that is open to all", api="public"),
        Scenario("secured", "token, subscription, group and rate limit"),
        Scenario("secured-logs", "secured, with a line for each call in a file", has_log=True),
        Scenario("routes", "1,000 routes of 100 APIs, 1,000 users in turn", has_many=True),
    ]
    for name, size, path in (("1k", 1 << 10, "k1"), ("64k", 1 << 16, "k64"), ("10m", 10 << 20, "m10")):
        text = {"1k": "1 KiB", "64k": "64 KiB", "10m": "10 MiB"}[name]
        # What is on its way at the end of a turn is not counted, so large bodies have few connections.
        count = 8 if name == "10m" else None
        scenarios += [
            Scenario(f"get-{name}", f"an answer of {text}", path=path, connections=count),
            Scenario(
                f"post-{name}", f"a request's body of {text}", method="POST", path="sink", body=size, connections=count
            ),
        ]
    scenarios += [
        Scenario(f"connections-{count}", "secured, by the number of connections", connections=count)
        for count in (1, 32, 256, 2000)
    ]
    return [
        *scenarios,
        Scenario("slow", "an upstream that answers after 5 ms", path="slow", connections=256),
        Scenario("close", "a connection for each call", closes=True),
        Scenario("tls", "TLS of clients, connections kept", has_tls=True),
    ]


SCENARIOS = {scenario.name: scenario for scenario in _all()}
GROUPS = {
    "few": ["public", "secured", "routes", "get-64k", "post-64k", "connections-256"],
    "bodies": [name for name in SCENARIOS if name.startswith(("get-", "post-"))],
    "connections": [name for name in SCENARIOS if name.startswith("connections-")],
    "all": list(SCENARIOS),
}
