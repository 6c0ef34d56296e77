"""ECS's scheduler: it keeps as many tasks as desired, replaces them in deployments, and rolls back what fails. One
thread decides."""

import time

from gatehouse_ecs.local.definition import TaskDefinition
from gatehouse_ecs.local.service import lease, rollout
from gatehouse_ecs.local.service.definition import ZONES, ServiceDefinition
from gatehouse_ecs.local.service.deployment import Count, Deployment
from gatehouse_ecs.local.service.member import Member, Surroundings
from gatehouse_ecs.local.service.rollout import Standing
from gatehouse_ecs.local.service.targets import HEALTHY, UNHEALTHY, TargetGroup

NAME = "service"
# Seconds between two attempts to start a task, as ECS waits after failures.
PAUSE_AFTER_FAILURE = 1


class Scheduler:
    def __init__(self, service: ServiceDefinition, group: TargetGroup | None, around: Surroundings) -> None:
        self._service = service
        self._group = group
        self._around = around
        self._tell = around.tell
        self._members: list[Member] = []
        self._number = 0
        self._revision = 0
        self._dead_zones: frozenset[str] = frozenset()
        self._deployment: Deployment | None = None
        self._last_good: Deployment | None = None
        self._may_start_at = 0.0
        self.stops = False
        self._epoch = 0
        # When the load balancer has forgotten targets that are gone.
        self._forgotten_at: dict[str, float] = {}
        self.count = Count()
        # The writing task's name, and when each task was killed on purpose.
        self.writer: str | None = None
        self.has_lost_writer = False
        self.killed: dict[str, float] = {}

    # What is asked for

    def deploy(self, definition: TaskDefinition, secrets: dict[str, dict[str, str]], is_rollback: bool = False) -> None:
        self._revision += 1
        self._deployment = Deployment(self._revision, definition, secrets, time.monotonic(), is_rollback)
        what = "rollback to the last deployment that was complete" if is_rollback else "deployment"
        self._tell(NAME, f"{what}: revision {self._revision} of {definition.family}")

    def kill(self, which: str) -> str:
        """→ the name of the task that was killed, or a sentence when there is none."""
        candidates = [one for one in self._members if not one.has_ended and not one.is_lost]
        if which in ("holder", "standby"):
            candidates = [one for one in candidates if (one.name == self.writer) == (which == "holder")]
        elif which != "any":
            candidates = [one for one in candidates if one.name in (which, f"task {which}")]
        if not candidates:
            return f"there is no such task: {which}"
        self._lose(candidates[0], "SIGKILL to all of it, as asked for")
        return candidates[0].name

    def kill_zone(self, zone: str) -> str:
        if zone not in ZONES or zone in self._dead_zones:
            return f"there is no zone {zone} any more" if zone in ZONES else f"zones are {' and '.join(ZONES)}"
        self._dead_zones |= {zone}
        self._tell(NAME, f"zone {zone} is gone")
        for member in self._members:
            if member.zone == zone and not member.has_ended:
                self._lose(member, "lost with its zone")
        return f"zone {zone}"

    def stop_all(self) -> None:
        self.stops = True
        self._tell(NAME, "desired count 0: all tasks stop")

    def kill_all(self) -> None:
        for member in self._members:
            member.lose()

    def close(self) -> None:
        """Whatever is left ends at once."""
        self.kill_all()
        for member in self._members:
            member.close()

    def _lose(self, member: Member, what: str) -> None:
        self._tell(member.name, what)
        self.killed[member.name] = time.monotonic()
        self.has_lost_writer = self.has_lost_writer or member.name == self.writer
        member.lose()

    # What is seen

    @property
    def is_steady(self) -> bool:
        return (
            self._deployment is not None
            and self._deployment.is_complete
            and rollout.is_steady(self._service, [self._standing(one) for one in self._members])
        )

    @property
    def has_ended(self) -> bool:
        return self.stops and not self._members

    @property
    def status(self) -> str:
        lines = [
            f"{one.name} (zone {one.zone}, revision {one.revision}): {self._state(one)}"
            f"{', writes' if one.name == self.writer else ''}"
            for one in self._members
        ]
        return "\n".join(lines) or "no task"

    def _state(self, member: Member) -> str:
        if member.was_told or member.reason:
            return "stops"
        return "drains" if member.leaves_at is not None else "healthy" if self._is_healthy(member) else "starts"

    def _is_healthy(self, member: Member) -> bool:
        return member.is_well and (self._group is None or self._group.state(member.name) == HEALTHY)

    def _standing(self, member: Member) -> Standing:
        is_bad = self._group is not None and self._group.state(member.name) == UNHEALTHY
        had_time = time.monotonic() >= member.started_at + self._service.grace
        return Standing(
            name=member.name,
            zone=member.zone,
            is_current=self._deployment is not None and member.revision == self._deployment.revision,
            is_healthy=self._is_healthy(member),
            has_failed=is_bad and had_time,
            is_leaving=member.leaves_at is not None or bool(member.reason),
        )

    def _watch_lease(self) -> None:
        found = lease.read(self._around.data)
        if found is None:
            return
        owner = next((one.name for one in self._members if found.process in one.processes), None)
        writer = None if found.is_released else owner
        if found.epoch != self._epoch and writer is not None:
            self._epoch = found.epoch
            self.has_lost_writer = False
            self._tell(writer, f"writes: epoch {found.epoch}")
        elif writer != self.writer and found.is_released:
            self._tell(self.writer or NAME, f"released the lease of epoch {found.epoch}")
        self.writer = writer

    def tick(self) -> None:
        now = time.monotonic()
        for member in list(self._members):
            self._look_at(member, now)
        for name in [name for name, at in self._forgotten_at.items() if now >= at]:
            del self._forgotten_at[name]
            if self._group:
                self._group.remove(name)
        self._watch_lease()
        if self.stops:
            for member in self._members:
                self._take_out(member, now, "scaled in")
        elif self._deployment is not None:
            self._follow(self._deployment, now)
        for member in self._members:
            self._end_when_drained(member, now)

    # What is done

    def _follow(self, deployment: Deployment, now: float) -> None:
        standings = [self._standing(one) for one in self._members]
        if not deployment.is_complete and rollout.is_steady(self._service, standings):
            deployment.is_complete = True
            self._last_good = deployment
            self.count.complete += 1
            took = now - deployment.began_at
            self._tell(NAME, f"revision {deployment.revision} is complete after {took:.1f} s: steady state")
        decision = rollout.decide(self._service, standings)
        for name in decision.stops:
            member = next(one for one in self._members if one.name == name)
            failed = next(one for one in standings if one.name == name).has_failed
            self._take_out(member, now, "failed health checks" if failed else "replaced")
        if now >= self._may_start_at:
            for _ in range(decision.starts):
                self._start(deployment, now)

    def _start(self, deployment: Deployment, now: float) -> None:
        zone = rollout.zone_for([self._standing(one) for one in self._members], self._dead_zones)
        if zone is None:
            return
        self._number += 1
        member = Member(
            self._number, deployment.revision, zone, deployment.definition, deployment.secrets, self._around
        )
        member.started_at = now
        self._members.append(member)
        self._tell(member.name, f"starts on {member.address} in zone {zone}, revision {deployment.revision}")
        member.start()

    def _look_at(self, member: Member, now: float) -> None:
        if member.has_ended:
            self._bury(member, now)
            return
        balanced = self._service.balanced
        if self._group and not member.is_registered and member.runs and member.leaves_at is None and not member.reason:
            member.is_registered = True
            self._group.add(member.name, member.address, self._around.ports[balanced[1]])
            self._tell(member.name, "registered with the load balancer")
        if not member.was_healthy and self._is_healthy(member):
            member.was_healthy = True
            self._tell(member.name, "healthy")

    def _bury(self, member: Member, now: float) -> None:
        if member.leaves_at is None and self._group:
            self._group.drain(member.name, now)
        # Its nodes may send requests for a moment yet.
        self._forgotten_at[member.name] = now + (self._group.settings.lag if self._group else 0)
        member.close()
        self._members.remove(member)
        fault = None if member.is_lost else member.faults()
        if fault:
            self.count.faults += 1
        self._tell(member.name, f"stopped: {fault}" if fault else "stopped")
        if fault:
            for line in member.last_lines():
                self._tell(member.name, f"  {line}")
        deployment = self._deployment
        if member.leaves_at is None and not self.stops:
            self._may_start_at = now + PAUSE_AFTER_FAILURE
            if deployment and member.revision == deployment.revision and not member.was_healthy and not member.is_lost:
                self._count_failure(deployment)

    def _count_failure(self, deployment: Deployment) -> None:
        if deployment.is_complete:
            return
        deployment.failures += 1
        if not self._service.has_breaker or deployment.failures < self._service.failures_allowed:
            return
        self.count.failed += 1
        self._tell(NAME, f"circuit breaker: {deployment.failures} tasks of revision {deployment.revision} failed")
        if self._service.rolls_back and self._last_good is not None and not deployment.is_rollback:
            self.count.rolled_back += 1
            self.deploy(self._last_good.definition, self._last_good.secrets, is_rollback=True)
        else:
            self._tell(NAME, "there is nothing to roll back to")
            self.stop_all()

    def _take_out(self, member: Member, now: float, why: str) -> None:
        if member.leaves_at is not None:
            return
        member.leaves_at = now
        deployment = self._deployment
        if deployment and member.revision == deployment.revision and why == "failed health checks":
            self._count_failure(deployment)
        if self._group and member.is_registered:
            self._group.drain(member.name, now)
            self._tell(member.name, f"{why}: deregistered, {self._group.settings.delay:g} s to drain")
        else:
            self._tell(member.name, why)

    def _end_when_drained(self, member: Member, now: float) -> None:
        if member.leaves_at is None or member.was_told:
            return
        delay = self._group.settings.delay if self._group and member.is_registered else 0
        if now >= member.leaves_at + delay:
            member.was_told = True
            member.stop()
