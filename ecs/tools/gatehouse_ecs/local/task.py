"""The task: starts containers, watches them, stops them in order. One thread decides; all others only report to it."""

import queue
import time
from collections.abc import Callable
from typing import Any

from gatehouse_ecs.local import Refused, health, order
from gatehouse_ecs.local.definition import Container, TaskDefinition
from gatehouse_ecs.local.interfaces import Running, Runtime
from gatehouse_ecs.local.plan import ESSENTIAL, LOST, OPERATOR, SOUND, SPOT, UNHEALTHY, Plan, Volume
from gatehouse_ecs.local.states import TaskStates, now
from gatehouse_ecs.local.timeline import Timeline

# Seconds after SIGKILL until we look whether a call of the volume holds the process, and until we give it up.
LOOK_AFTER_KILL = 2
GIVE_UP_AFTER_KILL = 30


class Task:
    def __init__(
        self,
        definition: TaskDefinition,
        states: TaskStates,
        runtime: Runtime,
        environment: Callable[[str], tuple[dict[str, str], dict[str, str]]],
        plan: Plan,
        timeline: Timeline,
        volume: Volume = SOUND,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        """`environment(container)` → (environment, secrets)"""
        self._definition = definition
        self._runtime = runtime
        self._environment = environment
        self._plan = plan
        self._timeline = timeline
        self._volume = volume
        self._on_ready = on_ready
        self._inbox: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._running: dict[str, Running] = {}
        self._monitors: dict[str, health.HealthMonitor] = {}
        self._acts_at: float | None = None
        self._window_ends_at: float | None = None
        self.is_ready = False
        self.states = states
        self.reason: str | None = None
        self.trouble: str | None = None

    def ask_to_stop(self) -> None:
        """From any thread, and from a signal handler. The second time everything is killed."""
        self._inbox.put(("stop",))

    def lose(self) -> None:
        """From any thread: the task's host is gone, at once and without a signal."""
        self._inbox.put(("loss",))

    @property
    def is_well(self) -> bool:
        """Whether every container runs and is healthy now; from any thread."""
        return self.reason is None and all(map(self._is_well, self._definition.containers))

    def run(self) -> None:
        """Comes back when every container has ended."""
        while True:
            self._advance(time.monotonic())
            if all(state.has_ended for state in self.states.containers.values()):
                return
            self._receive()

    def kill_all(self) -> None:
        for name in self._running:
            if self.states[name].is_running:
                self._kill(name, time.monotonic())

    # What was reported

    def _receive(self) -> None:
        wait = max(0.0, self._next_deadline() - time.monotonic())
        try:
            message = self._inbox.get(timeout=min(wait, 3600))
        except queue.Empty:
            return
        getattr(self, f"_on_{message[0]}")(*message[1:])

    def _on_stop(self) -> None:
        if self.reason is None:
            self._begin_stop(OPERATOR)
        else:
            self._timeline.add(time.monotonic(), "task", "asked to stop again: everything is killed")
            self.kill_all()

    def _on_loss(self) -> None:
        if self.reason is None:
            self._begin_stop(LOST)
        self.kill_all()

    def _on_exit(self, name: str, exit_code: int | None, at: float) -> None:
        state = self.states[name]
        if state.has_ended:
            return
        if name in self._monitors:
            self._monitors[name].end()
        self.states.change(name, has_ended=True, exit_code=exit_code, ended_at=at, finished=now())
        what = f"killed ({exit_code})" if state.was_killed else f"exited {exit_code}"
        if state.signalled_at is None:
            self._timeline.add(at, name, what)
        else:
            self._timeline.add(at, name, what, at - state.signalled_at, self._definition[name].stop_timeout)
        if self._definition[name].is_essential:
            self._begin_stop(f"{ESSENTIAL} ({name})")

    def _on_health(self, name: str, status: str, exit_code: int, output: str) -> None:
        if self.states[name].has_ended:
            return
        self.states.change(
            name, health=status, health_since=now(), health_exit_code=exit_code, health_output=output[:4096]
        )
        last = output.strip().splitlines()[-1:]
        detail = f": {last[0][:100]}" if last and status == health.UNHEALTHY else ""
        self._timeline.add(time.monotonic(), name, f"{status}{detail}")
        if status == health.UNHEALTHY and self._definition[name].is_essential and not self._plan.ignores_health:
            self._begin_stop(f"{UNHEALTHY} ({name})")

    # What is to do

    def _advance(self, at: float) -> None:
        if self.reason is None:
            self._start_what_may()
        if self.reason is None:
            self._act_when_all_is_well(at)
        if self.reason is not None:
            self._stop_what_may(at)

    def _start_what_may(self) -> None:
        # Again while anything starts: what is listed first may depend on what is listed last.
        while self.reason is None and self._start_round():
            pass

    def _start_round(self) -> bool:
        """→ whether anything was started."""
        has_started = False
        for container in self._definition.containers:
            state = self.states[container.name]
            if state.has_started or state.has_ended:
                continue
            turn, dependency = order.turn_to_start(container, self.states)
            if turn is order.Turn.NOW:
                has_started = True
                self._start(container)
            elif turn is order.Turn.NEVER:
                what = f"{container.name} needs {dependency.container} {dependency.condition}, which can't be any more"
                self.trouble = what
                self._begin_stop(what)
            if self.reason is not None:
                return False
        return has_started

    def _start(self, container: Container) -> None:
        name = container.name
        try:
            running = self._runtime.start(
                container, *self._environment(name), lambda code, at: self._inbox.put(("exit", name, code, at))
            )
        except Refused as error:
            self.trouble = f"CannotStartContainerError: {name}: {error}"
            self.states.change(name, has_ended=True)
            self._timeline.add(time.monotonic(), name, "can't be started")
            self._begin_stop(self.trouble)
            return
        self._running[name] = running
        self.states.change(name, has_started=True, created=now())
        self._timeline.add(time.monotonic(), name, "started")
        if container.health_check:
            monitor = health.HealthMonitor(
                container.health_check, running.check, lambda *result: self._inbox.put(("health", name, *result))
            )
            self._monitors[name] = monitor
            monitor.start()

    def _act_when_all_is_well(self, at: float) -> None:
        if not self.is_ready:
            if not all(map(self._is_well, self._definition.containers)):
                return
            self.is_ready = True
            self._on_ready()
            if self._plan.after is not None:
                self._acts_at = at + self._plan.after
        if self._acts_at is None or at < self._acts_at:
            return
        self._acts_at = None
        self._hang_volume()
        if self._plan.crash and not self.states[self._plan.crash].is_running:
            self.trouble = f"{self._plan.crash} had ended before it could crash"
            self._begin_stop(self.trouble)
        elif self._plan.crash:
            at = time.monotonic()
            self._timeline.start_counting(at)
            self._timeline.add(at, self._plan.crash, "SIGKILL (the crash that was asked for)")
            self.states.change(self._plan.crash, was_killed=True, killed_at=at)
            self._running[self._plan.crash].kill()
        else:
            self._begin_stop(self._plan.reason)

    def _hang_volume(self) -> None:
        at = time.monotonic()
        if self._volume.hang():
            self._timeline.start_counting(at)
            self._timeline.add(at, "volume", "hangs: no call comes back from here on")

    def _is_well(self, container: Container) -> bool:
        state = self.states[container.name]
        if not state.has_started:
            return False
        if state.has_ended:
            return not container.is_essential
        return container.health_check is None or state.health == health.HEALTHY

    def _begin_stop(self, reason: str) -> None:
        if self.reason is not None:
            return
        at = time.monotonic()
        self.reason = reason
        self._timeline.start_counting(at)
        # Before any signal: who watches the metadata knows first.
        self.states.want_stopped()
        self._timeline.add(at, "task", "DesiredStatus STOPPED")
        if reason == SPOT:
            self._window_ends_at = at + self._plan.spot_window
        for name, state in self.states.containers.items():
            if not state.has_started:
                self.states.change(name, has_ended=True)

    def _stop_what_may(self, at: float) -> None:
        for container in self._definition.containers:
            state = self.states[container.name]
            if not state.is_running:
                continue
            if state.killed_at is not None:
                self._look_after_kill(container.name, at)
            elif self._window_ends_at is not None and at >= self._window_ends_at:
                self._timeline.add(at, "task", f"{self._plan.spot_window:g} s since the interruption are over")
                self.kill_all()
                return
            elif state.signalled_at is None:
                if order.may_stop(container, self._definition, self.states):
                    at = time.monotonic()
                    self._timeline.add(at, container.name, "SIGTERM")
                    self.states.change(container.name, signalled_at=at)
                    self._running[container.name].terminate()
            elif at >= state.signalled_at + container.stop_timeout:
                self._kill(container.name, at)

    def _kill(self, name: str, at: float) -> None:
        if self.states[name].killed_at is not None:
            return
        self.states.change(name, was_killed=True, killed_at=at)
        state = self.states[name]
        budget = self._definition[name].stop_timeout
        if state.signalled_at is None:
            self._timeline.add(at, name, "SIGKILL")
        else:
            self._timeline.add(at, name, "SIGKILL", at - state.signalled_at, budget)
        self._running[name].kill()

    def _look_after_kill(self, name: str, at: float) -> None:
        since = at - self.states[name].killed_at
        if since >= GIVE_UP_AFTER_KILL:
            self._timeline.add(at, name, f"still there {GIVE_UP_AFTER_KILL} s after SIGKILL; given up")
            self.trouble = f"{name} can't be ended; look for its process"
            self._on_exit(name, None, at)
        elif since >= LOOK_AFTER_KILL and self._running[name].is_held():
            self._timeline.add(at, name, "killed, still held by the volume; its calls are aborted")
            self._volume.release()

    def _next_deadline(self) -> float:
        at = time.monotonic()
        deadlines = [at + 3600]
        deadlines += [one for one in (self._acts_at, self._window_ends_at) if one is not None]
        for container in self._definition.containers:
            state = self.states[container.name]
            if state.is_running and state.killed_at is not None:
                deadlines.append(at + 0.5)
            elif state.is_running and state.signalled_at is not None:
                deadlines.append(state.signalled_at + container.stop_timeout)
        return min(deadlines)
