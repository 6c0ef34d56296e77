"""A separate stack of containers for each test: the files of compose/ with their own project, directory and secrets."""

import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGE = os.environ.get("GATEHOUSE_IMAGE", "gatehouse:local")
SERVICE, SIDECAR = "gatehouse", "gatehouse-sidecar"
MOUNT = "/app/backend-services/generated"


def run(*command, check=True, **options):
    """Runs a program to its end and returns its output as text."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=options.pop("timeout", 300), **options)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result


def docker(*arguments, **options):
    return run("docker", *arguments, **options)


def until(what, check, seconds=60):
    """Calls a function until it returns a true value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"after {seconds} s there is still not: {what}")


class Answer:
    def __init__(self, status, body):
        self.status = status
        self.json = json.loads(body) if body else {}


class Gateway:
    """The gateway as its clients see it."""

    def __init__(self, url, email, password):
        self.url = url
        self.account = {"email": email, "password": password}

    def call(self, method, path, body=None, token=None):
        request = urllib.request.Request(f"{self.url}{path}", method=method)
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        data = json.dumps(body).encode() if body is not None else None
        try:
            with urllib.request.urlopen(request, data, timeout=30) as answer:
                return Answer(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read())

    def log_in(self):
        answer = self.call("POST", "/platform/authorization", self.account)
        assert answer.status == 200, (answer.status, answer.json)
        return answer.json["access_token"]

    @staticmethod
    def api(name):
        return {
            "api_name": name,
            "api_version": "v1",
            "api_description": "of a test",
            "api_allowed_roles": ["admin"],
            "api_allowed_groups": ["ALL"],
            "api_servers": ["http://127.0.0.1:9"],
            "api_type": "REST",
            "api_allowed_retry_count": 0,
        }

    def onboard(self, name, token=None):
        """Registers an API with an endpoint, as a developer would."""
        token = token or self.log_in()
        answer = self.call("POST", "/platform/api", self.api(name), token)
        assert answer.status == 201, (answer.status, answer.json)
        endpoint = {
            "api_name": name,
            "api_version": "v1",
            "endpoint_method": "GET",
            "endpoint_uri": "/status",
            "endpoint_description": "of a test",
        }
        answer = self.call("POST", "/platform/endpoint", endpoint, token)
        assert answer.status == 201, (answer.status, answer.json)
        return token

    def has(self, name, token=None):
        return self.call("GET", f"/platform/api/{name}/v1", token=token or self.log_in()).status == 200


class Stack:
    """A stack that scripts/compose-up starts as a user does, and that is removed at the end in any case."""

    def __init__(self, environment=None):
        self.root = Path(tempfile.mkdtemp(prefix="gatehouse-stack-"))
        for name in ("compose", "scripts"):
            ignored = shutil.ignore_patterns(".env", "generated")
            shutil.copytree(REPOSITORY / name, self.root / name, ignore=ignored)
        self.project = f"gatehouse-test-{secrets.token_hex(4)}"
        self.generated = self.root / "compose" / "generated"
        self.options = []
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "COMPOSE_PROJECT_NAME": self.project,
            "GATEHOUSE_IMAGE": IMAGE,
            "PORT": "0",
            **{name: os.environ[name] for name in ("DOCKER_HOST",) if name in os.environ},
            **(environment or {}),
        }

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error:
            print(self.compose("logs", "--tail", "40", check=False).stdout)
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "1", check=False)
        shutil.rmtree(self.root, ignore_errors=True)

    def up(self, check=True):
        started = run(
            "scripts/compose-up", "--no-build", *self.options, cwd=self.root, env=self.environment, check=check
        )
        # The port changes with each start.
        if found := re.search(r"healthy at (http://\S+)", started.stdout):
            settings = self.settings
            account = (settings["DOORMAN_ADMIN_EMAIL"], settings["DOORMAN_ADMIN_PASSWORD"])
            self.gateway = Gateway(found[1], *account)
        return started

    def compose(self, *arguments, check=True):
        files = ["-f", "compose.yaml"] + (["-f", "compose.migrate.yaml"] if "--migrate" in self.options else [])
        return run("docker-compose", *files, *arguments, cwd=self.root / "compose", env=self.environment, check=check)

    def stop(self):
        self.compose("stop")
        return self.state(SIDECAR), self.state(SERVICE)

    def container(self, service):
        return self.compose("ps", "--quiet", service).stdout.strip()

    def inspect(self, service):
        return json.loads(docker("inspect", self.container(service)).stdout)[0]

    def state(self, service):
        return self.inspect(service)["State"]

    def log(self, service):
        result = docker("logs", self.container(service))
        return result.stdout + result.stderr

    @property
    def settings(self):
        lines = (self.root / "compose" / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def set(self, name, value):
        path = self.root / "compose" / ".env"
        lines = [line for line in path.read_text().splitlines() if not line.startswith(f"{name}=")]
        path.write_text("\n".join([*lines, f"{name}={value}"]) + "\n")

    def call(self, *arguments, **options):
        return self.gateway.call(*arguments, **options)

    def log_in(self):
        return self.gateway.log_in()

    def onboard(self, *arguments):
        return self.gateway.onboard(*arguments)

    def api(self, name):
        return self.gateway.api(name)

    def has(self, *arguments):
        return self.gateway.has(*arguments)

    def dumps(self):
        return sorted(path.name for path in self.generated.glob("*.bin"))

    def receipt(self):
        names = sorted(self.generated.glob("drain-*.json"))
        assert names, "there is no drain receipt"
        return json.loads(names[-1].read_text())


def moment(text):
    """A time in Docker's format as seconds of its day, with nanoseconds."""
    hours, minutes, seconds = re.search(r"T(\d+):(\d+):([\d.]+)", text).groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
