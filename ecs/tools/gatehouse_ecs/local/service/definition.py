"""The part of a service that decides how its tasks are replaced; checked as a whole, once."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatehouse_ecs.local import Refused

ZONES = ("a", "b")


@dataclass(frozen=True)
class ServiceDefinition:
    name: str
    desired_count: int
    # In percent of `desired_count`, as ECS has them.
    minimum_healthy: int
    maximum: int
    has_breaker: bool
    rolls_back: bool
    # The container and its port behind the load balancer; `None` without one.
    balanced: tuple[str, int] | None
    # Seconds in which failed checks of the load balancer do not count.
    grace: float

    @property
    def fewest(self) -> int:
        """The healthy tasks that a deployment must leave."""
        return math.ceil(self.desired_count * self.minimum_healthy / 100)

    @property
    def most(self) -> int:
        """The tasks that may be there at once, with those that stop."""
        return math.floor(self.desired_count * self.maximum / 100)

    @property
    def failures_allowed(self) -> int:
        """Failed tasks after which the circuit breaker ends a deployment."""
        return min(200, max(3, math.ceil(self.desired_count / 2)))


def read(path: Path) -> ServiceDefinition:
    try:
        document = json.loads(path.read_text())
    except OSError as error:
        raise Refused(f"the service can't be read: {error}; name the service.json that is rendered") from None
    except ValueError as error:
        raise Refused(f"{path} is not JSON: {error}; a template must be rendered first") from None
    try:
        return parse(document)
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise Refused(f"{path} has not the shape of a service ({type(error).__name__}: {error})") from None


def parse(document: Any) -> ServiceDefinition:
    """Raises `Refused` with all faults at once."""
    if not isinstance(document, dict) or "desiredCount" not in document:
        raise Refused("this is no service: it has no `desiredCount`; name the service.json that is rendered")
    faults = []
    configuration = document.get("deploymentConfiguration", {})
    numbers = {
        "desiredCount": (document["desiredCount"], 1, 10),
        "minimumHealthyPercent": (configuration.get("minimumHealthyPercent", 100), 0, 100),
        "maximumPercent": (configuration.get("maximumPercent", 200), 100, 400),
    }
    for name, (value, low, high) in numbers.items():
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            faults.append(f"{name} is {value!r}; {low} to {high} can be imitated")
    if configuration.get("strategy", "ROLLING") != "ROLLING":
        faults.append(f"strategy is {configuration['strategy']}: only ROLLING is imitated")
    balancers = document.get("loadBalancers", [])
    if len(balancers) > 1:
        faults.append("loadBalancers has more than one entry: one is imitated")
    if faults:
        raise Refused("the service is not in order:\n" + "\n".join(f"  - {fault}" for fault in faults))
    breaker = configuration.get("deploymentCircuitBreaker", {})
    found = ServiceDefinition(
        name=str(document.get("serviceName", "service")),
        desired_count=numbers["desiredCount"][0],
        minimum_healthy=numbers["minimumHealthyPercent"][0],
        maximum=numbers["maximumPercent"][0],
        has_breaker=breaker.get("enable", False),
        rolls_back=breaker.get("rollback", False),
        balanced=(balancers[0]["containerName"], balancers[0]["containerPort"]) if balancers else None,
        grace=document.get("healthCheckGracePeriodSeconds", 0),
    )
    if found.fewest >= found.most:
        raise Refused(
            f"minimumHealthyPercent {found.minimum_healthy} and maximumPercent {found.maximum} leave no task to replace"
        )
    return found
