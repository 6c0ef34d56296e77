"""One run: everything around the task is set up here, and gone at the end, whatever happened."""

import argparse
import contextlib
import dataclasses
import json
import secrets
import shutil
import socket
from pathlib import Path

from gatehouse_ecs.local import Refused, balancer, definition, docker, ending, order, receipt, secret_values, volume
from gatehouse_ecs.local.console import Console
from gatehouse_ecs.local.endpoints import Endpoints
from gatehouse_ecs.local.metadata import Metadata
from gatehouse_ecs.local.plan import Plan, Volume
from gatehouse_ecs.local.processes import ProcessRuntime
from gatehouse_ecs.local.states import TaskStates
from gatehouse_ecs.local.task import Task
from gatehouse_ecs.local.timeline import Ending, Timeline


class Session:
    def __init__(self, options: argparse.Namespace, plan: Plan, console: Console) -> None:
        self._options = options
        self._console = console
        self._data = options.data.resolve()
        self._definition = definition.read(options.definition)
        order.check(self._definition)
        self._plan = plan
        if plan.crash:
            self._plan = dataclasses.replace(plan, crash=order.find(self._definition, plan.crash))
        is_sick = options.hang_volume or options.slow_volume
        if is_sick and not any(self._definition.volumes.values()):
            raise Refused("no volume can be made sick: the definition has neither EFS nor EBS")
        values = secret_values.read(options.secrets) if options.secrets else {}
        self._secrets = secret_values.hand_out(self._definition, values, options.secrets)
        # Named before anything starts.
        self._target = balancer.target(self._definition) if options.target_group else None
        self._balancer: balancer.Balancer | None = None
        self._task: Task | None = None
        self._stops_asked_for = 0

    def ask_to_stop(self) -> None:
        """From a signal handler."""
        self._stops_asked_for += 1
        if self._task is not None:
            self._task.ask_to_stop()

    def run(self) -> Ending:
        timeline = Timeline(lambda event: self._console.say(f"{event.who}: {event.what}"))
        before = receipt.names(self._data)
        states = TaskStates(self._definition)
        with contextlib.ExitStack() as cleanup:
            task = self._set_up(states, timeline, cleanup)
            self._task = task
            for _ in range(self._stops_asked_for):
                task.ask_to_stop()
            task.run()
            failures = self._balancer.finish() if self._balancer else []
        outcome = ending.of(self._definition, states, task, timeline, receipt.outcome(self._data, before), failures)
        self._console.write("\n" + timeline.text(outcome))
        if self._options.timeline:
            document = timeline.json(outcome, ending.containers(self._definition, states))
            self._options.timeline.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        return outcome

    def _set_up(self, states: TaskStates, timeline: Timeline, cleanup: contextlib.ExitStack) -> Task:
        say = self._console.say
        is_docker = self._is_docker()
        directories, fresh = volume.directories(self._definition, self._data)
        for directory in fresh:
            cleanup.callback(shutil.rmtree, directory, ignore_errors=True)
        if self._definition.not_imitated:
            say(f"in the definition, and not imitated here: {', '.join(self._definition.not_imitated)}")
        if is_docker:
            for directory in set(directories.values()) - set(fresh):
                hint = volume.hand_over(self._definition, directory)
                if hint:
                    say(hint)
        sick = self._make_sick(directories, fresh, cleanup)
        run = secrets.token_hex(8)
        runtime = self._docker(run, directories) if is_docker else self._processes(directories)
        cleanup.callback(runtime.close)
        if sick is not None:
            # Before the containers are taken away: who waits for the volume could not end.
            cleanup.callback(sick.release)
        metadata = Metadata(self._definition, states, run, runtime.task_address)
        endpoints = self._endpoints(runtime.address, metadata, timeline)
        cleanup.callback(endpoints.close)

        if self._target is not None:
            port = runtime.published[self._target.ports[0]]
            self._balancer = balancer.Balancer(
                port, states[self._target.name], timeline, self._options.call or balancer.CALL
            )
            cleanup.callback(self._balancer.close)

        def environment(name: str) -> tuple[dict[str, str], dict[str, str]]:
            return (
                self._definition[name].environment | endpoints.environment(name),
                self._secrets[name] | endpoints.secret_environment(),
            )

        def ready() -> None:
            for inside, outside in runtime.published.items():
                say(f"container port {inside} is http://127.0.0.1:{outside}")
            if self._balancer is not None:
                self._balancer.start()
            if self._plan.after is None:
                say("all is healthy; Ctrl-C stops it as ECS would, a second one kills")
            elif self._options.slow_volume is None and sick is not None:
                say("all is healthy; the volume hangs now")

        stand_in = Volume(sick.hang if self._options.hang_volume else lambda: False, sick.release) if sick else Volume()
        return Task(self._definition, states, runtime, environment, self._plan, timeline, stand_in, ready)

    def _is_docker(self) -> bool:
        if self._options.processes:
            return False
        answers = docker.engine_answers()
        if self._options.docker and not answers:
            raise Refused("no Docker engine answers: start it, point DOCKER_HOST at one, or use --processes")
        if not answers:
            self._console.say("no Docker engine answers: containers are plain processes")
        return answers

    def _make_sick(
        self, directories: dict[str, Path], fresh: list[Path], cleanup: contextlib.ExitStack
    ) -> volume.SickVolume | None:
        if not (self._options.hang_volume or self._options.slow_volume):
            return None
        name = next(name for name, directory in directories.items() if directory not in fresh)
        sick = volume.SickVolume(directories[name])
        cleanup.callback(sick.close)
        directories[name] = sick.path
        if self._options.slow_volume:
            sick.slow_down(self._options.slow_volume)
            self._console.say(
                f"each call of the volume {name} takes up to {self._options.slow_volume} ms longer: the file system stands still "
                f"for that long, then lets calls through for {volume.OPEN_FOR} ms, and so on"
            )
        return sick

    def _ports(self) -> list[int]:
        return list(dict.fromkeys(port for container in self._definition.containers for port in container.ports))

    def _docker(self, run: str, directories: dict[str, Path]) -> docker.DockerRuntime:
        images = {one.name: self._options.image or one.image for one in self._definition.containers}
        return docker.DockerRuntime(
            run, images, self._ports(), self._options.port, directories, self._console.container_line
        )

    def _processes(self, directories: dict[str, Path]) -> ProcessRuntime:
        ports = {inside: inside for inside in self._ports()}
        if self._options.port is not None and ports:
            ports[next(iter(ports))] = self._options.port or _free_port()
        programs = self._options.bin.resolve() if self._options.bin else None
        for container in self._definition.containers:
            for mount in container.mount_points:
                self._console.say(
                    f"{container.name}: {mount.path} in its environment and command is {directories[mount.volume]}"
                )
        self._console.say("processes have no user, read-only root or capabilities of their own")
        return ProcessRuntime(directories, programs, ports, self._console.container_line)

    def _endpoints(self, address: str, metadata: Metadata, timeline: Timeline) -> Endpoints:
        try:
            return Endpoints(address, self._definition, metadata, timeline.note)
        except OSError as error:
            raise Refused(
                f"the metadata endpoint can't listen on {address}, the address of Docker's bridge ({error}): "
                "the engine runs elsewhere; use --processes"
            ) from None


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
