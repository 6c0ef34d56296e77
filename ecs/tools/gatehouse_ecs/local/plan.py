"""Why a task ends, and what is to happen to it."""

from collections.abc import Callable
from dataclasses import dataclass

ESSENTIAL = "Essential container in task exited"
UNHEALTHY = "Task failed container health checks"
LOST = "Host EC2 (instance) terminated"
OPERATOR = "asked for by the operator"
SPOT = "Spot interruption: your Spot Task was interrupted"


@dataclass(frozen=True)
class Plan:
    """What is to happen once all is healthy. Seconds."""

    # `None`: nothing happens by itself.
    after: float | None = None
    reason: str = OPERATOR
    # Everything that is left is killed so long after a Spot interruption.
    spot_window: float | None = None
    crash: str | None = None
    ignores_health: bool = False


@dataclass(frozen=True)
class Volume:
    """What a volume that may hang can do; a healthy one does nothing."""

    hang: Callable[[], bool] = lambda: False
    release: Callable[[], None] = lambda: None


SOUND = Volume()
