"""The task as ECS runs it, from the rendered definition, with the real image: stops, interruptions, crashes, a volume that hangs."""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from stack import IMAGE, REPOSITORY, SERVICE, SIDECAR, Gateway, docker, run, until

PASSWORD = "Aa1-" + secrets.token_hex(24)
STOP_TIMEOUT = 20
# Seconds for which the load balancer sends on after SIGTERM.
BALANCER_LAG = 5
TARGET_GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/gatehouse/0123456789abcdef"
VARIABLES = {
    "image": "registry.example/gatehouse:0.1.0",
    "vpc_id": "vpc-0123456789abcdef0",
    "subnets": ["subnet-0123456789abcdef0"],
    "clients": ["10.0.0.0/16"],
    "admin_email": "admin@example.com",
    "stop_timeout": STOP_TIMEOUT,
    "account": "123456789012",
    "region": "us-east-1",
    "file_system_id": "fs-0123456789abcdef0",
    "access_point_id": "fsap-0123456789abcdef0",
    "task_security_group": "sg-0123456789abcdef0",
    **{
        f"{name}_secret_arn": f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-AbCdEf"
        for name in ("encryption_key", "jwt", "admin_password", "sidecar_password")
    },
}


class EcsLocalTests(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="gatehouse-ecs-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.data = self.root / "generated"
        values = {
            "MEM_ENCRYPTION_KEY": secrets.token_hex(24),
            "JWT_SECRET_KEY": secrets.token_hex(24),
            "DOORMAN_ADMIN_PASSWORD": PASSWORD,
            "SIDECAR_PASSWORD": secrets.token_hex(24),
        }
        (self.root / "secrets").write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        self.render()

    def render(self, **variables):
        launch = variables.get("launch", "fargate")
        (self.root / "variables.json").write_text(json.dumps(VARIABLES | variables))
        render = str(REPOSITORY / "scripts" / "ecs-render")
        run(render, "--variables", str(self.root / "variables.json"), "--output", str(self.root / "rendered"))
        self.definition = self.root / "rendered" / "awscli" / f"task-definition.{launch}.json"
        document = json.loads(self.definition.read_text())
        # The only change is that the sidecar's first check comes 25 s sooner.
        for container in document["containerDefinitions"]:
            container["healthCheck"]["interval"] = 5
        self.definition.write_text(json.dumps(document))

    def start(self, *options):
        script = str(REPOSITORY / "scripts" / "ecs-local")
        command = [script, str(self.definition), "--docker", "--image", IMAGE, "--port", "0"]
        command += ["--secrets", str(self.root / "secrets"), "--data", str(self.data)]
        command += ["--timeline", str(self.root / "timeline.json"), *options]
        log = (self.root / "output").open("w")
        self.addCleanup(log.close)
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def end(self, process):
        code = process.wait(timeout=300)
        self.output = (self.root / "output").read_text()
        left = docker("ps", "--all", "--quiet", "--filter", "label=gatehouse.ecs-local").stdout
        self.assertEqual(left, "", "no container is left behind")
        path = self.root / "timeline.json"
        self.assertTrue(path.exists(), self.output)
        return code, json.loads(path.read_text())

    def run_to_end(self, *options):
        return self.end(self.start(*options))

    def gateway(self):
        """Waits until all containers are healthy."""
        said = lambda: re.search(r"container port 5001 is (http://\S+)", (self.root / "output").read_text())  # noqa: E731
        return Gateway(until("a healthy task", said)[1], "admin@example.com", PASSWORD)

    @staticmethod
    def events(timeline):
        return [(one["container"], one["event"]) for one in timeline["events"]]

    def receipt(self):
        return json.loads(sorted(self.data.glob("drain-*.json"))[-1].read_text())

    def test_stops_sidecar_first_and_loses_nothing(self):
        process = self.start()
        self.gateway().onboard("orders")
        os.kill(process.pid, signal.SIGINT)
        code, timeline = self.end(process)
        self.assertEqual(code, 0, self.output)
        events = self.events(timeline)
        expected = [(name, what) for name in (SIDECAR, SERVICE) for what in ("SIGTERM", "exited 0")]
        self.assertEqual([event for event in events if event in expected], expected)
        self.assertIn("drained, the dump is safe", timeline["receipt"])
        self.assertTrue(self.receipt()["verified"])

        process = self.start()
        self.assertTrue(self.gateway().has("orders"))
        os.kill(process.pid, signal.SIGINT)
        self.assertEqual(self.end(process)[0], 0)

    def test_fits_into_a_spot_interruption(self):
        self.render(launch="fargate-spot", stop_timeout=55)
        code, timeline = self.run_to_end("--spot")
        self.assertEqual(code, 0, self.output)
        self.assertIn("Spot interruption", timeline["stop"])
        budgets = [one["stop_timeout"] for one in timeline["containers"].values()]
        self.assertLess(sum(budgets), 120)
        self.assertEqual(self.receipt()["deadline_seconds"], 50)

    def test_a_crash_of_the_service_ends_the_task(self):
        code, timeline = self.run_to_end("--crash", "service")
        self.assertEqual(code, 1)
        self.assertEqual(timeline["stop"], f"Essential container in task exited ({SERVICE})")
        self.assertEqual(timeline["containers"][SIDECAR]["exit_code"], 70, self.output)
        self.assertEqual(self.receipt()["outcome"], "service_crashed")

    def test_a_crash_of_the_sidecar_still_dumps(self):
        code, timeline = self.run_to_end("--crash", "sidecar")
        self.assertEqual(code, 1)
        self.assertEqual(timeline["stop"], f"Essential container in task exited ({SIDECAR})")
        self.assertEqual(timeline["containers"][SERVICE]["exit_code"], 0, self.output)
        self.assertEqual(len(list(self.data.glob("*.bin"))), 1, "the service's own, on SIGTERM")

    def test_a_volume_that_hangs_holds_no_budget(self):
        code, timeline = self.run_to_end("--hang-volume")
        self.assertEqual(code, 1)
        sidecar, service = timeline["containers"][SIDECAR], timeline["containers"][SERVICE]
        self.assertEqual((sidecar["exit_code"], sidecar["killed"]), (74, False), self.output)
        self.assertLess(sidecar["used"], STOP_TIMEOUT)
        self.assertTrue(service["killed"], "its last dump can't be written, and it does not give up before it must")
        self.assertIn("the volume did not answer in time", self.output)

    def test_a_load_balancer_that_learns_late_of_the_stop_loses_no_call(self):
        self.render(stop_timeout=60, target_group_arn=TARGET_GROUP)
        # It asks for the health, and for an API that does not exist: that answer also shows that calls are taken.
        code, timeline = self.run_to_end("--target-group", "--stop-after", "1")
        self.assertEqual(code, 0, self.output)
        self.assertRegex(self.output, r"load balancer +sent [1-9]\d* requests after SIGTERM; none failed in all")
        self.assertGreater(timeline["containers"][SERVICE]["used"], BALANCER_LAG)

    def test_a_load_balancer_loses_calls_without_a_grace(self):
        self.render(stop_timeout=60)
        code, timeline = self.run_to_end("--target-group", "--stop-after", "1")
        self.assertEqual(code, 1, self.output)
        self.assertRegex(self.output, r"[1-9]\d* requests of the load balancer failed, the first: ")
        self.assertEqual(timeline["containers"][SERVICE]["exit_code"], 0, self.output)

    def test_a_slow_volume_is_waited_for(self):
        code, timeline = self.run_to_end("--slow-volume", "200", "--stop-after", "0")
        self.assertEqual(code, 0, self.output)
        self.assertIn("drained", timeline["receipt"])
