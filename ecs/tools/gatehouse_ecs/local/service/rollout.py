"""How ECS replaces the tasks of a service: which may be started, and which stopped. Pure: no clock, no process."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatehouse_ecs.local.service.definition import ZONES, ServiceDefinition


@dataclass(frozen=True)
class Standing:
    """What the scheduler knows of a task that has not ended."""

    name: str
    zone: str
    # Of the deployment in force.
    is_current: bool
    is_healthy: bool
    # It was healthy, or had its time to be, and is not.
    has_failed: bool = False
    is_leaving: bool = False


@dataclass(frozen=True)
class Decision:
    starts: int
    # Names, in the order in which they are stopped.
    stops: tuple[str, ...]


def decide(service: ServiceDefinition, tasks: Sequence[Standing]) -> Decision:
    staying = [task for task in tasks if not task.is_leaving]
    good = [task for task in staying if task.is_current and not task.has_failed]
    starts = max(0, min(service.desired_count - len(good), service.most - len(tasks)))
    healthy = sum(task.is_healthy for task in staying)
    stops = []
    surplus = len(good) - service.desired_count
    # The unhealthy first: they cost nothing.
    for task in sorted(staying, key=lambda task: task.is_healthy):
        if task in good:
            if surplus <= 0:
                continue
            surplus -= 1
        elif task.is_healthy and healthy - 1 < service.fewest:
            continue
        elif task.is_current and starts > 0:
            # A task that failed goes when its replacement is there, where there is room for both.
            continue
        healthy -= task.is_healthy
        stops.append(task.name)
    return Decision(starts, tuple(stops))


def is_steady(service: ServiceDefinition, tasks: Sequence[Standing]) -> bool:
    """The deployment is complete: as many as desired are healthy, and no other is there."""
    return len(tasks) == service.desired_count and all(
        task.is_current and task.is_healthy and not task.is_leaving for task in tasks
    )


def zone_for(tasks: Sequence[Standing], dead: frozenset[str] = frozenset()) -> str | None:
    """The zone with the fewest tasks; `None` when all zones are gone."""
    alive = [zone for zone in ZONES if zone not in dead]
    return min(alive, key=lambda zone: sum(task.zone == zone for task in tasks)) if alive else None
