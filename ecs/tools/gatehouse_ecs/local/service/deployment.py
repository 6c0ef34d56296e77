"""A deployment, and what came of all of them."""

from dataclasses import dataclass

from gatehouse_ecs.local.definition import TaskDefinition


@dataclass
class Deployment:
    revision: int
    definition: TaskDefinition
    secrets: dict[str, dict[str, str]]
    began_at: float
    is_rollback: bool = False
    is_complete: bool = False
    failures: int = 0


@dataclass
class Count:
    """What came of the run."""

    complete: int = 0
    rolled_back: int = 0
    failed: int = 0
    # Ends of tasks that were not in order, except of those that were killed on purpose.
    faults: int = 0
