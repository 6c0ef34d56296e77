"""A target group: which tasks get requests. Times are seconds of a clock that only goes forward."""

import threading
from dataclasses import dataclass

from gatehouse_ecs.limits import BALANCER_LAG, TARGET_HEALTH, StopBudget, default_stop_timeout

INITIAL, HEALTHY, UNHEALTHY, DRAINING = "initial", "healthy", "unhealthy", "draining"


@dataclass(frozen=True)
class GroupSettings:
    """As `create-target-group` takes them; seconds, and times in a row."""

    path: str = TARGET_HEALTH["path"]
    interval: float = TARGET_HEALTH["interval"]
    timeout: float = TARGET_HEALTH["timeout"]
    healthy: int = TARGET_HEALTH["healthy"]
    unhealthy: int = TARGET_HEALTH["unhealthy"]
    delay: float = StopBudget.of(default_stop_timeout("fargate")).deregistration_delay
    # How long a target that drains still gets requests: a load balancer has several nodes, and tells them one by one.
    lag: float = BALANCER_LAG


@dataclass
class Target:
    name: str
    address: str
    port: int
    state: str = INITIAL
    was_well: bool | None = None
    in_a_row: int = 0
    drains_since: float | None = None


class TargetGroup:
    """Used from the threads of the scheduler and of the load balancer."""

    def __init__(self, settings: GroupSettings, is_sticky: bool = False) -> None:
        """`is_sticky`: a client stays with its target while that gets requests."""
        self.settings = settings
        self._is_sticky = is_sticky
        self._targets: dict[str, Target] = {}
        self._turn = 0
        self._lock = threading.Lock()

    def add(self, name: str, address: str, port: int) -> None:
        with self._lock:
            self._targets[name] = Target(name, address, port)

    def drain(self, name: str, at: float) -> None:
        with self._lock:
            target = self._targets.get(name)
            if target and target.state != DRAINING:
                # One that never got requests gets none now.
                target.drains_since = at if target.state == HEALTHY else at - self.settings.lag
                target.state = DRAINING

    def remove(self, name: str) -> None:
        with self._lock:
            self._targets.pop(name, None)

    def state(self, name: str) -> str | None:
        with self._lock:
            return self._targets[name].state if name in self._targets else None

    def checked(self) -> list[Target]:
        """The targets whose health is asked for."""
        with self._lock:
            return [target for target in self._targets.values() if target.state != DRAINING]

    def note(self, name: str, is_well: bool) -> str | None:
        """Takes one check in. → the new state, when it changed. A new target is healthy with its first success."""
        with self._lock:
            target = self._targets.get(name)
            if target is None or target.state == DRAINING:
                return None
            wanted = HEALTHY if is_well else UNHEALTHY
            if target.state == wanted:
                target.in_a_row = 0
                return None
            target.in_a_row = target.in_a_row + 1 if target.was_well == is_well else 1
            target.was_well = is_well
            needed = 1 if is_well and target.state == INITIAL else self._needed(is_well)
            if target.in_a_row < needed:
                return None
            target.state, target.in_a_row = wanted, 0
            return wanted

    def _needed(self, is_well: bool) -> int:
        return self.settings.healthy if is_well else self.settings.unhealthy

    def choose(self, at: float, before: str | None = None) -> Target | None:
        """The target of the next request, in turn. When all are unhealthy, any of them, as a load balancer fails open. `before`: the
        target of the client's last request."""
        with self._lock:
            late = [
                target
                for target in self._targets.values()
                if target.state == DRAINING and at < target.drains_since + self.settings.lag
            ]
            healthy = [target for target in self._targets.values() if target.state == HEALTHY]
            unhealthy = [target for target in self._targets.values() if target.state == UNHEALTHY]
            found = healthy + late or unhealthy
            if not found:
                return None
            if self._is_sticky and (kept := [target for target in healthy if target.name == before]):
                return kept[0]
            self._turn += 1
            return found[self._turn % len(found)]
