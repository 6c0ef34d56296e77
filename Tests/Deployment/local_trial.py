"""Small tasks for the tests of `ecs-local`: shell lines as containers, health checks many times a second."""

import shutil
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

from gatehouse_ecs.local.definition import Container, Dependency, HealthCheck, MountPoint, TaskDefinition
from gatehouse_ecs.local.plan import Plan, Volume
from gatehouse_ecs.local.processes import ProcessRuntime
from gatehouse_ecs.local.states import TaskStates
from gatehouse_ecs.local.task import Task
from gatehouse_ecs.local.timeline import Timeline

# The container ends on SIGTERM with this exit code. `wait` lets the shell handle the signal at once.
OBEYS = "trap 'exit 0' TERM; touch $DATA/$NAME.up; while :; do sleep 600 & wait; done"
DEAF = "trap '' TERM; touch $DATA/$NAME.up; while :; do sleep 600 & wait; done"
# Answers requests with a status, also for so many seconds after SIGTERM, as a gateway with DRAIN_GRACE. Its arguments: the seconds,
# the status, and the name of a file that says that it is up (that of its address).
SERVER = """
import http.server, os, pathlib, signal, sys, threading, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(int(sys.argv[2]))
        self.send_header("Content-Length", "0")
        if is_leaving.is_set(): self.send_header("Connection", "close")
        self.end_headers()
    def log_message(self, *_): pass
is_leaving = threading.Event()
# Before any thread: each has the mask of the one that starts it.
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
server = http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
up = sys.argv[3] if len(sys.argv) > 3 else f"{os.environ['HOST']}.up"
pathlib.Path(os.environ["DATA"], up).touch()
signal.sigwait({signal.SIGTERM})
is_leaving.set()
time.sleep(float(sys.argv[1]))
"""


def until(what, check, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := check():
            return found
        time.sleep(0.01)
    raise AssertionError(f"after {seconds} s there is still not: {what}")


def container(name, line=OBEYS, after=(), **options):
    """`after` holds pairs of a container and a condition. A container that handles signals is healthy once it does."""
    if line in (OBEYS, DEAF):
        options.setdefault("health_check", healthy_when(name))
    return Container(
        name=name,
        image="none",
        command=("sh", "-c", line),
        environment={"NAME": name, "DATA": "/volume"},
        depends_on=tuple(Dependency(*pair) for pair in after),
        mount_points=(MountPoint("volume", "/volume", False),),
        **{"stop_timeout": 10, **options},
    )


def healthy_when(name):
    """A check that passes once the container of this name is up."""
    return HealthCheck(("CMD-SHELL", f"test -e $DATA/{name}.up"), interval=0.05, timeout=2, retries=3, start_period=20)


class Trial:
    """A task that runs on a separate thread. Events are (container, event) in the order of their times."""

    def __init__(self, *containers, plan=None, volume=None):
        self.definition = TaskDefinition("trial", tuple(containers), {"volume": True}, False)
        self.data = Path(tempfile.mkdtemp(prefix="ecs-local-trial-"))
        self.states = TaskStates(self.definition)
        self.timeline = Timeline()
        self.lines = []
        self.runtime = ProcessRuntime({"volume": self.data}, None, {}, lambda *line: self.lines.append(line))
        self.task = Task(
            self.definition,
            self.states,
            self.runtime,
            lambda name: (self.definition[name].environment, {}),
            plan or Plan(),
            self.timeline,
            volume or Volume(),
        )
        self.thread = threading.Thread(target=self.task.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.task.kill_all()
        self.thread.join(10)
        self.runtime.close()
        shutil.rmtree(self.data, ignore_errors=True)

    def wait_until_ready(self):
        until("a ready task", lambda: self.task.is_ready or not self.thread.is_alive())
        # The shell has set its traps once its file exists.
        for one in self.definition.containers:
            if one.is_essential:
                until(f"{one.name} up", lambda name=one.name: (self.data / f"{name}.up").exists())

    def stop(self):
        self.task.ask_to_stop()
        return self.end()

    def end(self):
        self.thread.join(30)
        assert not self.thread.is_alive(), self.events
        return self.events

    @property
    def events(self):
        return [(event.who, event.what) for event in self.timeline.events]

    def has(self, who, what):
        return any(one == who and event.startswith(what) for one, event in self.events)


def deaf(name, **options):
    return replace(container(name, DEAF, **options), stop_timeout=options.get("stop_timeout", 0.3))
