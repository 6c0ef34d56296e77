"""What `dependsOn` means for the start and, turned round, for the stop. Pure: no clock, no process."""

from enum import Enum

from gatehouse_ecs.local import Refused
from gatehouse_ecs.local.definition import Container, Dependency, TaskDefinition
from gatehouse_ecs.local.states import ContainerState, TaskStates


class Turn(Enum):
    NOW = "now"
    WAIT = "wait"
    NEVER = "never"


def check(definition: TaskDefinition) -> None:
    """Refuses a circle, naming the containers that it goes through."""
    edges = {one.name: [dependency.container for dependency in one.depends_on] for one in definition.containers}
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> None:
        if name in path:
            circle = " → ".join([*path[path.index(name) :], name])
            raise Refused(f"dependsOn goes in a circle: {circle}; take one of these out")
        if name not in done:
            for other in edges[name]:
                visit(other, [*path, name])
            done.add(name)

    for name in edges:
        visit(name, [])


def find(definition: TaskDefinition, word: str) -> str:
    """The container that a person means: by its name, or `service` (what others wait for to be healthy) and `sidecar` (what waits)."""
    names = [container.name for container in definition.containers]
    if word in names:
        return word
    pairs = [
        (dependency.container, container.name)
        for container in definition.containers
        for dependency in container.depends_on
        if dependency.condition == "HEALTHY"
    ]
    if word in ("service", "sidecar") and len(pairs) == 1:
        return pairs[0][word == "sidecar"]
    raise Refused(f"which container is {word}? Name one of {', '.join(names)}")


def turn_to_start(container: Container, states: TaskStates) -> tuple[Turn, Dependency | None]:
    """Whether a container may start, given every container's `ContainerState`; with the dependency that decides."""
    for dependency in container.depends_on:
        turn = _turn(dependency.condition, states[dependency.container])
        if turn is not Turn.NOW:
            return turn, dependency
    return Turn.NOW, None


def _turn(condition: str, state: ContainerState) -> Turn:
    if condition == "START":
        return Turn.NOW if state.has_started else Turn.WAIT
    if condition == "COMPLETE":
        return Turn.NOW if state.has_ended else Turn.WAIT
    if condition == "SUCCESS":
        if not state.has_ended:
            return Turn.WAIT
        return Turn.NOW if state.exit_code == 0 else Turn.NEVER
    if state.has_ended:
        return Turn.NEVER
    return Turn.NOW if state.health == "HEALTHY" else Turn.WAIT


def may_stop(container: Container, definition: TaskDefinition, states: TaskStates) -> bool:
    """A container gets its signal when all that depend on it directly have ended. Not transitive: what depends on those counts only
    through them."""
    return all(
        states[other.name].has_ended
        for other in definition.containers
        if any(dependency.container == container.name for dependency in other.depends_on)
    )
