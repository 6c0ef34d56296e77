"""One run of a service: its tasks, its load balancer, its load, and the commands that come in."""

import contextlib
import json
import queue
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gatehouse_ecs.local import Refused, order, secret_values
from gatehouse_ecs.local import definition as task_definition
from gatehouse_ecs.local.definition import TaskDefinition
from gatehouse_ecs.local.load.report import Report
from gatehouse_ecs.local.load.run import Load
from gatehouse_ecs.local.service import definition
from gatehouse_ecs.local.service.control import Command, ControlSocket
from gatehouse_ecs.local.service.member import Surroundings, shared_ports
from gatehouse_ecs.local.service.proxy import Proxy
from gatehouse_ecs.local.service.scheduler import NAME, Scheduler
from gatehouse_ecs.local.service.script import Script, Step
from gatehouse_ecs.local.service.story import Story
from gatehouse_ecs.local.service.targets import GroupSettings, TargetGroup

BALANCER = "balancer"
TICK = 0.05
# Seconds after a kill in which a connection that was cut is put down to it.
AFTERMATH = 1
WELL, NOT_IN_ORDER, LOAD_FAILED = 0, 1, 2


@dataclass(frozen=True)
class Options:
    task: Path
    service: Path
    data: Path
    secrets: Path | None
    programs: Path | None
    port: int
    control: Path | None
    logs: Path | None
    timeline: Path | None
    group: GroupSettings
    is_sticky: bool
    haste: float
    script: Script
    with_load: bool


class ServiceRun:
    def __init__(self, options: Options, write: Callable[[str], None]) -> None:
        self._options = options
        self._write = write
        self._story = Story(write)
        self._service = definition.read(options.service)
        if options.with_load and self._service.balanced is None:
            # Without a load balancer its part is that of whoever finds the task by its name: it knows of no health.
            raise Refused("--load needs a load balancer: render the service with target_group_arn")
        self._values = secret_values.read(options.secrets) if options.secrets else {}
        self._first = self._read(options.task)
        self._inbox: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._waiting: list[Command] = []
        # The load ends, what it wrote is looked for, and then the tasks stop.
        self._is_finishing = False
        self._told_load = False
        self._report = Report(self._excuse)
        self._load: Load | None = None
        self._steps = list(options.script.steps)
        self._acts_at: float | None = None

    def ask_to_stop(self) -> None:
        """From a signal handler. The second time everything is killed."""
        self._inbox.put(Command({"do": "stop"}))

    def run(self) -> int:
        with contextlib.ExitStack() as cleanup:
            self._set_up(cleanup)
            self._scheduler.deploy(*self._first)
            while not self._scheduler.has_ended:
                self._scheduler.tick()
                self._follow_script(time.monotonic())
                self._take_commands()
        return self._end()

    # The parts

    def _set_up(self, cleanup: contextlib.ExitStack) -> None:
        options = self._options
        options.data.mkdir(parents=True, exist_ok=True)
        if options.logs:
            options.logs.mkdir(parents=True, exist_ok=True)
        self._group = TargetGroup(options.group, options.is_sticky) if self._service.balanced else None
        around = Surroundings(
            options.data, options.programs, shared_ports(self._first[0]), options.logs, options.haste, self._story.tell
        )
        self._scheduler = Scheduler(self._service, self._group, around)
        cleanup.callback(self._scheduler.close)
        if self._group:
            self._proxy = Proxy(self._group, lambda name, state: self._story.tell(name, f"target is {state}"))
            try:
                self._proxy.start(options.port)
            except OSError as error:
                raise Refused(f"the load balancer can't listen on port {options.port}: {error}; name another") from None
            cleanup.callback(self._proxy.close)
            self._story.tell(BALANCER, f"listens on http://127.0.0.1:{self._proxy.port}")
        directory = tempfile.mkdtemp(prefix="ecs-local-")
        cleanup.callback(lambda: Path(directory).rmdir())
        path = options.control or Path(directory, "control")
        control = ControlSocket(path, self._inbox)
        cleanup.callback(control.close)
        self._story.tell(NAME, f"takes commands: scripts/ecs-local --to {path} --status")

    def _read(self, path: Path) -> tuple[TaskDefinition, dict[str, dict[str, str]]]:
        found = task_definition.read(path)
        order.check(found)
        return found, secret_values.hand_out(found, self._values, self._options.secrets)

    # The script

    def _follow_script(self, now: float) -> None:
        if self._scheduler.stops:
            return
        if self._is_finishing:
            self._finish()
            return
        if not self._scheduler.is_steady:
            self._acts_at = None
            return
        self._answer_waiting(True)
        if self._options.with_load and not self._is_loaded():
            return
        if self._acts_at is None:
            self._acts_at = now + self._options.script.pause
        if now < self._acts_at:
            return
        if self._steps:
            self._acts_at = None
            self._do(self._steps.pop(0))
        elif self._options.script.ends:
            self._is_finishing = True

    def _is_loaded(self) -> bool:
        if self._load is None:
            environment = {k: v for one in self._first[0].containers for k, v in one.environment.items()}
            email, password = environment.get("DOORMAN_ADMIN_EMAIL"), self._values.get("DOORMAN_ADMIN_PASSWORD")
            if not email or not password:
                raise Refused(
                    "--load needs DOORMAN_ADMIN_EMAIL in the definition, DOORMAN_ADMIN_PASSWORD in the secrets"
                )
            self._load = Load(self._proxy.port, (email, password), self._report)
            self._load.start()
        if self._load.error is not None:
            raise self._load.error
        if self._load.is_made and not self._told_load:
            self._told_load = True
            self._story.tell("load", "begins")
        return self._load.is_made

    def _finish(self) -> None:
        if self._load is not None:
            self._load.end()
            if not self._load.has_ended:
                return
            if self._load.error is not None:
                raise self._load.error
            self._story.tell("load", "is over")
        self._scheduler.stop_all()

    def _do(self, step: Step) -> str:
        if step.kind == "deploy":
            self._scheduler.deploy(*self._read(Path(step.what)))
            return "deployed"
        if step.kind == "kill-task":
            return self._scheduler.kill(step.what)
        return self._scheduler.kill_zone(step.what)

    # Commands

    def _take_commands(self) -> None:
        try:
            command = self._inbox.get(timeout=TICK)
        except queue.Empty:
            return
        words = command.words if isinstance(command.words, dict) else {}
        asked = words.get("do")
        try:
            if asked == "stop":
                self._stop()
                command.answer(True, "the service stops")
            elif asked == "status":
                command.answer(True, self._scheduler.status)
            elif asked in ("deploy", "kill-task", "kill-zone"):
                said = self._do(Step(asked, str(words.get("what"))))
                if words.get("wait"):
                    self._waiting.append(command)
                else:
                    command.answer(True, said)
            else:
                command.answer(False, f"there is no command {asked}")
        except Refused as refusal:
            command.answer(False, str(refusal))

    def _answer_waiting(self, is_well: bool) -> None:
        for command in self._waiting:
            command.answer(is_well, "steady")
        self._waiting.clear()

    def _stop(self) -> None:
        if self._scheduler.stops or self._is_finishing:
            self._story.tell(NAME, "asked to stop again: everything is killed")
            self._scheduler.stop_all()
            self._scheduler.kill_all()
        else:
            self._is_finishing = True

    # The end

    def _excuse(self, kind: str, target: str, since: float) -> str | None:
        killed = self._scheduler.killed
        if target in killed:
            return f"{target}, which was killed"
        if not target and any(since - AFTERMATH <= at <= time.monotonic() for at in killed.values()):
            return "a connection that was cut by a kill"
        if kind == "change" and self._scheduler.has_lost_writer:
            return "no task had the lease of the one that was killed yet"
        return None

    def _end(self) -> int:
        self._answer_waiting(False)
        count = self._scheduler.count
        self._write(
            f"\n{count.complete} deployments complete, {count.failed} failed, {count.rolled_back} rolled back; "
            f"{count.faults} tasks did not end in order\n"
        )
        if self._load is not None:
            self._write(self._report.text())
        if self._options.timeline:
            document = {"events": self._story.json(), "deployments": vars(count)}
            document |= {"load": self._report.json()} if self._load else {}
            self._options.timeline.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        if count.failed or count.faults:
            return NOT_IN_ORDER
        return WELL if self._load is None or self._report.is_well else LOAD_FAILED
