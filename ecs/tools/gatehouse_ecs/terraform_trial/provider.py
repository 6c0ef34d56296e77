"""A provider with real schemas that creates nothing. It returns the arguments and invents the other attributes."""

from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
import msgpack

from ..samples import ACCOUNT, REGION
from .schema import answer
from .wire import field, fields

UNKNOWN = msgpack.ExtType(0, b"\0")
# The answers of AWS that the stack uses.
KNOWN = {
    ("aws_caller_identity", "account_id"): ACCOUNT,
    ("aws_partition", "partition"): "aws",
    ("aws_region", "region"): REGION,
}


class StandIn:
    """One provider. `resources` lists the applied resources with type and attributes, in order."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self.schemas = schemas
        self.resources: list[tuple[str, dict[str, Any]]] = []

    def methods(self) -> dict[str, Callable[[dict[int, Any]], bytes]]:
        quiet = (
            "ValidateProviderConfig",
            "ValidateResourceConfig",
            "ValidateDataResourceConfig",
            "ValidateEphemeralResourceConfig",
            "ConfigureProvider",
            "CloseEphemeralResource",
            "StopProvider",
        )
        return dict.fromkeys(quiet, lambda _: b"") | {
            "GetProviderSchema": lambda _: answer(self.schemas),
            "ReadResource": lambda request: field(1, request[2]),
            "ReadDataSource": lambda request: field(1, self._decided("data", request, 2)),
            "OpenEphemeralResource": lambda request: field(3, self._decided("ephemeral", request, 2)),
            "PlanResourceChange": self._plan,
            "ApplyResourceChange": self._apply,
        }

    def _plan(self, request: dict[int, Any]) -> bytes:
        kind, proposed = request[1].decode(), _decode(request[3])
        attributes = self.schemas["resource"][kind]["attributes"]
        for name, value in (proposed or {}).items():
            attribute = attributes.get(name, {})
            if attribute.get("write_only"):
                proposed[name] = None
            elif value is None and attribute.get("computed"):
                proposed[name] = UNKNOWN
        # Field 5: whether the types are those of the older SDK, as most of the real provider's are.
        return field(1, _encode(proposed)) + field(5, 1)

    def _apply(self, request: dict[int, Any]) -> bytes:
        kind, planned = request[1].decode(), _decode(request[3])
        if planned is not None:
            planned = self._filled("resource", kind, planned)
            self.resources.append((kind, planned))
        return field(1, _encode(planned)) + field(4, 1)

    def _decided(self, section: str, request: dict[int, Any], number: int) -> bytes:
        kind = request[1].decode()
        return _encode(self._filled(section, kind, _decode(request[number])))

    def _filled(self, section: str, kind: str, values: dict[str, Any]) -> dict[str, Any]:
        own = next((values[key] for key in ("name", "name_prefix") if isinstance(values.get(key), str)), "")
        filled = dict(values)
        for name, attribute in self.schemas[section][kind]["attributes"].items():
            is_open = values[name] is None and section != "resource" and not attribute.get("required")
            if values[name] == UNKNOWN or is_open:
                filled[name] = KNOWN.get((kind, name), _made_up(attribute["type"], f"{kind}:{own}:{name}"))
        return filled


def _made_up(kind: Any, text: str) -> Any:
    simple = {"string": text, "number": 1, "bool": True}
    return simple[kind] if isinstance(kind, str) else {} if kind[0] == "map" else []


def _decode(dynamic: bytes) -> Any:
    return msgpack.unpackb(fields(dynamic)[1], strict_map_key=False)


def _encode(value: Any) -> bytes:
    return field(1, msgpack.packb(value))


@contextmanager
def served(provider: StandIn) -> Iterator[int]:
    """Serves `provider` to Terraform, and returns the loopback port."""

    def handler(method: Callable[[dict[int, Any]], bytes]) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(lambda request, _: method(fields(request)))

    handlers = {name: handler(method) for name, method in provider.methods().items()}
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("tfplugin6.Provider", handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None)
