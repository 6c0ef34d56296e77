"""Two tasks in containers of their own, as compose.standby.yaml has them: they reach each other over Docker's network."""

import json
import os
import shlex
import threading
import unittest
import urllib.error

from stack import Gateway, Stack, docker, run, until

TASKS = ("gatehouse-a", "gatehouse-b")
ADDRESSES = ("172.31.251.4", "172.31.251.5")
READINESS = "/platform/monitor/readiness"


class StandbyStack(Stack):
    """The two gateways of compose.standby.yaml. Each has a port of this machine in place of nginx, which needs another image."""

    def __init__(self, names_addresses=True):
        """`names_addresses`: whether ADVERTISE_ADDRESS is set, as in the file."""
        super().__init__()
        own = {"ports": ["127.0.0.1::5001"]} | ({} if names_addresses else {"environment": {"ADVERTISE_ADDRESS": ""}})
        override = self.root / "compose" / "ports.yaml"
        # JSON is YAML.
        override.write_text(json.dumps({"services": dict.fromkeys(TASKS, own)}))

    def compose(self, *arguments, check=True):
        files = ("-f", "compose.standby.yaml", "-f", "ports.yaml")
        return run("docker-compose", *files, *arguments, cwd=self.root / "compose", env=self.environment, check=check)

    def start(self):
        """→ the gateways of the task that writes and of the one on standby, by name"""
        if os.getuid() != 0:
            (self.root / "compose" / ".env").write_text(f"GATEHOUSE_USER={os.getuid()}:{os.getgid()}\n")
        run("scripts/make-env", "compose/.env", cwd=self.root, env=self.environment)
        for name in ("generated", "secrets"):
            (self.root / "compose" / name).mkdir()
        self.compose("up", "--detach", "--no-build", *TASKS)
        return until("a writer and a standby", self.roles, seconds=180)

    def roles(self):
        found = {}
        for name in TASKS:
            gateway = self.reach(name)
            readiness = self.readiness(gateway)
            if readiness is None:
                return None
            found["standby" if readiness.get("writer") is False else "writer"] = (name, gateway)
        return found if len(found) == 2 else None

    def reach(self, name):
        address = self.compose("port", name, "5001").stdout.strip()
        return Gateway(
            f"http://{address}", self.settings["DOORMAN_ADMIN_EMAIL"], self.settings["DOORMAN_ADMIN_PASSWORD"]
        )

    @staticmethod
    def readiness(gateway):
        """`None` while it is not ready."""
        try:
            answer = gateway.call("GET", READINESS)
        except (OSError, urllib.error.URLError, ValueError):
            return None
        return answer.json if answer.status == 200 else None


class StandbyTests(unittest.TestCase):
    def test_changes_at_the_standby_reach_the_writer_over_the_network(self):
        for names_addresses in (True, False):
            with self.subTest(names_addresses=names_addresses), StandbyStack(names_addresses) as stack:
                roles = stack.start()
                (_, writer), (_, standby) = roles["writer"], roles["standby"]
                address = json.loads((stack.generated / "lease.json").read_text())["address"]
                self.assertIn(address["host"], ADDRESSES)
                self.assertEqual((address["port"], address["tls"]), (5001, False))
                token = standby.onboard("orders")
                self.assertTrue(standby.has("orders", token), "a client reads its own change")
                self.assertTrue(writer.has("orders", token))
                answer = standby.call("POST", "/platform/memory/dump", {}, token)
                self.assertEqual(answer.status, 200, answer.json)
                self.assertEqual(len(stack.dumps()), 1)

    def test_the_standby_goes_on_when_the_writer_stops_and_when_it_is_killed(self):
        for how in ("stop", "kill"):
            with self.subTest(how), StandbyStack() as stack:
                roles = stack.start()
                (name, writer), (_, standby) = roles["writer"], roles["standby"]
                token = writer.onboard("orders")
                stack.compose(how, name)
                # It waits for a task that takes it.
                standby.onboard("invoices", token)
                self.assertNotIn("writer", stack.readiness(standby) or {"writer": False})
                for api in ("orders", "invoices"):
                    self.assertTrue(standby.has(api, token), api)
                stack.compose("start", name)
                again = until("the first task again", stack.roles)
                self.assertEqual(again["standby"][0], name)
                self.assertTrue(again["standby"][1].has("invoices", token))


class BalancedStack(Stack):
    """All of compose.standby.yaml, as `scripts/compose-up --standby` starts it. nginx is that of Debian."""

    IMAGE = "gatehouse-test-nginx:local"

    def __init__(self):
        options = shlex.split(os.environ.get("GATEHOUSE_BUILD_OPTIONS", ""))
        lines = (
            "FROM debian:bookworm-slim",
            "RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends nginx-light curl",
        )
        docker("build", "--quiet", "--tag", self.IMAGE, *options, "-", input="\n".join(lines), timeout=600)
        super().__init__({"NGINX_IMAGE": self.IMAGE})
        self.options = ["--standby"]

    def compose(self, *arguments, check=True):
        files = ("-f", "compose.standby.yaml")
        return run("docker-compose", *files, *arguments, cwd=self.root / "compose", env=self.environment, check=check)


class Reader:
    """Reads an API through nginx, one call after the other, until it is told to end."""

    def __init__(self, gateway, name, token):
        self.answers, self.failures = 0, []
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.read, args=(gateway, f"/platform/api/{name}/v1", token))

    def read(self, gateway, path, token):
        while not self.is_over.is_set():
            try:
                status = gateway.call("GET", path, token=token).status
            except OSError as error:
                status = error
            if status == 200:
                self.answers += 1
            else:
                self.failures.append(status)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()


class BalancerTests(unittest.TestCase):
    def test_clients_of_nginx_notice_nothing_when_either_task_stops_and_comes_back(self):
        with BalancedStack() as stack:
            stack.up()
            token = stack.gateway.onboard("orders")
            for number, name in enumerate(TASKS):
                before = number + 1
                with Reader(stack.gateway, "orders", token) as reader:
                    stack.compose("stop", f"{name}-sidecar", name)
                    # It waits for the other task, where this one was the writer.
                    stack.gateway.onboard(f"invoices-{number}", token)
                    stack.compose("start", name, f"{name}-sidecar")
                    until(f"{name} is healthy again", lambda name=name: self.is_healthy(stack, name))
                    until("further reads", lambda reader=reader, seen=reader.answers: reader.answers > seen + 20)
                self.assertEqual(reader.failures, [], f"{reader.answers} reads were answered")
                for other in range(before):
                    self.assertTrue(stack.gateway.has(f"invoices-{other}", token))

    @staticmethod
    def is_healthy(stack, name):
        return stack.state(name).get("Health", {}).get("Status") == "healthy"
