"""The rendered task with the real programs, as a service behind the load balancer of `ecs-local --service`, under load."""

import json
import secrets
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from gatehouse_ecs import documents, samples
from gatehouse_ecs.bindings import for_awscli, settle
from gatehouse_ecs.template import ECS_DIRECTORY

ROOT = ECS_DIRECTORY.parent
BUILDS = [ROOT / ".build" / kind for kind in ("debug", "release")]
PROGRAMS = next((build for build in BUILDS if (build / "gatehouse").exists()), None)
SECRETS = ("MEM_ENCRYPTION_KEY", "JWT_SECRET_KEY", "DOORMAN_ADMIN_PASSWORD", "SIDECAR_PASSWORD")
# Checks of health come more often than on ECS, and calls need less time to leave a task.
HASTE = ("--hasten", "25", "--deregistration-delay", "2", "--seconds", "3")


@unittest.skipUnless(PROGRAMS, "swift build makes the programs")
class RealServiceTests(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="ecs-local-gateway-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        lines = [f"{name}=Aa1-{secrets.token_hex(24)}\n" for name in SECRETS]
        (self.root / "secrets").write_text("".join(lines))

    def write(self, name, document):
        (self.root / name).write_text(json.dumps(document))
        return str(self.root / name)

    def run_service(self, desired_count, *steps):
        """Runs the service with a load until its steps are over. → its output; its timeline is in `self.timeline`"""
        group = {"target_group_arn": samples.EVERYTHING["target_group_arn"], "desired_count": desired_count}
        values = settle(samples.example() | samples.WIRED | group | {"launch": "fargate"})
        made = documents.all_of(for_awscli(values))
        self.task = self.write("task.json", made["task-definition.fargate.json"])
        command = [str(ROOT / "scripts" / "ecs-local"), self.task]
        command += ["--service", self.write("service.json", made["service.json"]), "--bin", str(PROGRAMS)]
        command += ["--secrets", str(self.root / "secrets"), "--data", str(self.root / "generated")]
        command += ["--timeline", str(self.root / "timeline.json"), "--load", *HASTE, *steps]
        done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
        output = done.stdout + done.stderr
        # 2: the load is judged below.
        self.assertIn(done.returncode, (0, 2), output)
        self.timeline = json.loads((self.root / "timeline.json").read_text())
        return output

    def index(self, who, event, output):
        found = [
            number
            for number, one in enumerate(self.timeline["events"])
            if one["who"] == who and one["event"].startswith(event)
        ]
        self.assertTrue(found, f"no event {who}: {event}\n{output}")
        return found[0]

    def assert_kept(self, output, *unavoidable):
        """Nothing that was promised was lost, and no call failed except those of the kinds that are given. The limit of a user is not
        judged: its windows are those of the clients' clock, and on a busy machine a message between tasks takes long."""
        load = self.timeline["load"]
        failures = [one for one in load["failures"] if one["kind"] not in unavoidable]
        self.assertEqual([], failures, output)
        self.assertEqual([], load["missing"], output)
        self.assertEqual([], load["went_back"], output)
        self.assertGreater(load["acknowledged"], 20, output)
        for kind in ("call", "change", "limited", "login", "read"):
            self.assertGreater(load["calls"].get(kind, 0), 0, kind)

    def test_a_deployment_fails_no_call_and_hands_the_writing_over(self):
        output = self.run_service(1, "--deploy", str(self.root / "task.json"))
        self.assert_kept(output)
        self.assertEqual([], self.timeline["load"]["excused"], output)
        order = [
            self.index("task 1", "writes: epoch 1", output),
            self.index("task 2", "healthy", output),
            self.index("task 1", "replaced", output),
            self.index("task 2", "writes: epoch 2", output),
        ]
        self.assertEqual(sorted(order), order, output)

    def test_a_crash_of_the_writer_loses_no_acknowledged_change(self):
        output = self.run_service(2, "--kill-task", "holder")
        # Logins of one address are limited, and the task that takes over begins to count anew.
        self.assert_kept(output, "login")
        writers = [one["who"] for one in self.timeline["events"] if one["event"].startswith("writes: epoch")]
        self.assertGreaterEqual(len(set(writers)), 2, output)


if __name__ == "__main__":
    unittest.main()
