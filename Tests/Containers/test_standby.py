"""Two tasks in containers of their own, as compose.standby.yaml has them: they reach each other over Docker's network."""

import json
import os
import unittest
import urllib.error

from stack import Gateway, Stack, run, until

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
