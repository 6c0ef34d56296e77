"""A rule, and the deployment that it checks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

SERVICE = "gatehouse"
SIDECAR = "gatehouse-sidecar"
# The container that may run as root, briefly and without secrets. It gives a new volume to the programs' user.
VOLUME_OWNER = "volume-owner"
# The container that copies the newest dump from S3 to a new volume.
NEWEST_COPY = "newest-copy"


@dataclass
class Deployment:
    """The documents of one way to launch, and the variables that they were made from."""

    launch: str
    values: dict[str, Any]
    documents: dict[str, Any]
    stack: dict[str, Any] | None = None

    @property
    def task(self) -> dict[str, Any]:
        return self.documents[f"task-definition.{self.launch}.json"]

    @property
    def service(self) -> dict[str, Any]:
        return self.documents["service.json"]

    @property
    def policies(self) -> dict[str, dict[str, Any]]:
        return {name: document for name, document in self.documents.items() if name.startswith("iam/")}

    @property
    def containers(self) -> list[dict[str, Any]]:
        return self.task["containerDefinitions"]

    @property
    def on_ebs(self) -> bool:
        """Whether a volume is created at launch and deleted with its task."""
        return any(volume.get("configuredAtLaunch") for volume in self.task["volumes"])

    @property
    def keeps_standby(self) -> bool:
        """Whether a load balancer chooses between tasks that share a volume."""
        return bool(self.service.get("loadBalancers")) and not self.on_ebs

    @property
    def programs(self) -> list[dict[str, Any]]:
        """The gateway and the sidecar."""
        return [self.container(SERVICE), self.container(SIDECAR)]

    def container(self, name: str) -> dict[str, Any]:
        return next(container for container in self.containers if container["name"] == name)

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """Properties of the stack's resources of one type."""
        found = self.stack["Resources"].values() if self.stack else ()
        return [resource["Properties"] for resource in found if resource["Type"] == kind]


def environment(container: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container.get("environment", [])}


def secrets(container: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["valueFrom"] for entry in container.get("secrets", [])}


Test = Callable[[Deployment], Iterable[str]]


@dataclass(frozen=True)
class Rule:
    """A rule. `test` yields each breach in a few words."""

    id: str
    sentence: str
    remedy: str
    test: Test


@dataclass(frozen=True)
class Finding:
    rule: Rule
    launch: str
    what: str


RULES: list[Rule] = []


def rule(id: str, sentence: str, remedy: str) -> Callable[[Test], Test]:
    def register(test: Test) -> Test:
        RULES.append(Rule(id, sentence, remedy, test))
        return test

    return register


def check(deployment: Deployment) -> list[Finding]:
    return [Finding(each, deployment.launch, what) for each in RULES for what in each.test(deployment)]
