"""What came of a run, in words and as an exit code."""

from typing import Any

from gatehouse_ecs.local.definition import Container, TaskDefinition
from gatehouse_ecs.local.plan import UNHEALTHY
from gatehouse_ecs.local.states import ContainerState, TaskStates
from gatehouse_ecs.local.task import Task
from gatehouse_ecs.local.timeline import Ending, Timeline


def of(
    definition: TaskDefinition, states: TaskStates, task: Task, timeline: Timeline, receipt: str, failures: list[str]
) -> Ending:
    """All is well when every container was healthy, exited 0, none was killed, and no request failed (`failures`)."""
    faults = [fault for container in definition.containers if (fault := _fault(container, states[container.name]))]
    faults += failures
    if task.reason and task.reason.startswith(UNHEALTHY):
        faults.insert(0, task.reason)
    if task.trouble:
        faults.insert(0, task.trouble)
    took = max(
        (state.ended_at for state in states.containers.values() if state.ended_at is not None), default=timeline.zero
    )
    duration = f"all stopped in {took - timeline.zero:.2f} s"
    sentence = f"{duration}; {'; '.join(faults)}" if faults else f"{duration}; nothing was killed"
    return Ending(task.reason, not faults, sentence, receipt)


def _fault(container: Container, state: ContainerState) -> str | None:
    if not state.has_started:
        return f"{container.name} was never started"
    if state.was_killed:
        if state.signalled_at is None:
            return f"{container.name} was killed"
        return f"{container.name} was killed {state.killed_at - state.signalled_at:.1f} s after SIGTERM (stopTimeout {container.stop_timeout:g})"
    if state.exit_code != 0:
        return f"{container.name} exited {state.exit_code}"
    return None


def containers(definition: TaskDefinition, states: TaskStates) -> dict[str, dict[str, Any]]:
    """For the timeline's JSON."""
    found = {}
    for container in definition.containers:
        state = states[container.name]
        found[container.name] = {
            "exit_code": state.exit_code,
            "killed": state.was_killed,
            "started": state.has_started,
            "stop_timeout": container.stop_timeout,
            "used": None
            if state.signalled_at is None or state.ended_at is None
            else round(state.ended_at - state.signalled_at, 3),
        }
    return found
