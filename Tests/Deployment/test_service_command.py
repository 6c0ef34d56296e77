"""`scripts/ecs-local --service` as a user runs it."""

import http.client
import json
import re
import shutil
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from local_trial import SERVER, until

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "ecs-local"


def task(line=SERVER, family="trial"):
    container = {
        "name": "gateway",
        "image": "none",
        "command": ["python3", "-c", line, "1", "200"],
        "environment": [{"name": "PORT", "value": "5001"}, {"name": "DATA", "value": "/volume"}],
        "portMappings": [{"containerPort": 5001}],
        "mountPoints": [{"sourceVolume": "state", "containerPath": "/volume"}],
        "healthCheck": {"command": ["CMD-SHELL", "test -e $DATA/$HOST.up"], "interval": 5, "startPeriod": 300},
        "stopTimeout": 20,
    }
    volumes = [{"name": "state", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]
    return {"family": family, "containerDefinitions": [container], "volumes": volumes}


def service(desired=1, minimum=100, maximum=200):
    return {
        "serviceName": "trial",
        "desiredCount": desired,
        "deploymentConfiguration": {
            "minimumHealthyPercent": minimum,
            "maximumPercent": maximum,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
        # The task is registered before its program listens.
        "healthCheckGracePeriodSeconds": 30,
        "loadBalancers": [{"targetGroupArn": "arn", "containerName": "gateway", "containerPort": 5001}],
    }


class ServiceTests(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="ecs-local-service-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.write("task.json", task())

    def write(self, name, document):
        (self.root / name).write_text(json.dumps(document))
        return str(self.root / name)

    def start(self, document, *options):
        command = [str(SCRIPT), str(self.root / "task.json"), "--service", self.write("service.json", document)]
        command += ["--data", str(self.root / "data"), "--control", str(self.root / "control")]
        command += ["--timeline", str(self.root / "timeline.json"), "--hasten", "25", "--seconds", "0.2"]
        process = subprocess.Popen(
            [*command, "--lag", "0.5", "--deregistration-delay", "0.2", "--health-path", "/", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.addCleanup(process.kill)
        self.lines = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(iter(process.stdout.readline, "")), daemon=True)
        self.reader.start()
        return process

    def end(self, process, code=0):
        found = process.wait(timeout=60)
        self.reader.join(10)
        process.stdout.close()
        self.assertEqual(found, code, "".join(self.lines))

    def events(self):
        return [(one["who"], one["event"]) for one in json.loads((self.root / "timeline.json").read_text())["events"]]

    def index(self, who, event):
        found = [number for number, one in enumerate(self.events()) if one[0] == who and event in one[1]]
        self.assertTrue(found, f"no event {who}: {event} in {self.events()}")
        return found[0]

    def port(self):
        pattern = r"listens on http://127\.0\.0\.1:(\d+)"
        return int(until("a port", lambda: re.search(pattern, "".join(self.lines)))[1])

    def has(self, text):
        return any(text in line for line in self.lines)

    def call_until_the_end(self, process):
        """→ the answers that were not 200."""
        faults, port = [], self.port()
        until("a steady service", lambda: self.has("steady state"))
        while process.poll() is None and not self.has("desired count 0"):
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            client.request("GET", "/")
            status = client.getresponse().status
            client.close()
            if status != 200:
                faults.append(status)
        return faults

    def test_with_100_200_no_call_fails_while_a_task_is_replaced(self):
        process = self.start(service(), "--deploy", str(self.root / "task.json"), "--deployments", "2")
        faults = self.call_until_the_end(process)
        self.end(process)
        self.assertEqual(faults, [])
        self.assertLess(self.index("task 2", "healthy"), self.index("task 1", "replaced"))
        self.assertLess(self.index("task 3", "healthy"), self.index("task 2", "replaced"))

    def test_with_0_100_calls_fail_between_the_tasks(self):
        process = self.start(service(1, 0, 100), "--deploy", str(self.root / "task.json"))
        faults = self.call_until_the_end(process)
        self.end(process)
        self.assertIn(503, faults)
        self.assertLess(self.index("task 1", "stopped"), self.index("task 2", "starts"))

    def test_a_version_that_does_not_start_is_rolled_back(self):
        broken = self.write("broken.json", task("raise SystemExit('no such setting')", "broken"))
        process = self.start(service(), "--deploy", broken)
        faults = self.call_until_the_end(process)
        self.end(process, 1)
        self.assertEqual(faults, [])
        self.assertLess(self.index("service", "circuit breaker: 3 tasks"), self.index("service", "rollback"))
        self.assertTrue(self.has("no such setting"))
        counts = json.loads((self.root / "timeline.json").read_text())["deployments"]
        self.assertEqual((counts["failed"], counts["rolled_back"]), (1, 1))

    def test_a_killed_task_and_a_lost_zone_are_replaced(self):
        process = self.start(service(2), "--kill-task", "1", "--kill-zone", "b")
        self.end(process)
        self.assertLess(self.index("task 1", "SIGKILL"), self.index("task 3", "starts"))
        starts = [what for _, what in self.events()[self.index("service", "zone b is gone") :] if "starts on" in what]
        self.assertTrue(starts)
        self.assertFalse([what for what in starts if "zone b" in what])

    def test_commands_reach_a_service_that_runs(self):
        process = self.start(service(), "--seconds", "100000")
        until("a steady service", lambda: self.has("steady state"))
        self.assertIn("task 1 (zone a, revision 1): healthy", self.send("--status"))
        self.send("--deploy", str(self.root / "task.json"), "--wait")
        self.assertIn("task 2 (zone b, revision 2): healthy", self.send("--status"))
        self.assertIn("there is no such task", self.send("--kill-task", "77"))
        self.assertEqual(self.send("--kill-task", "any").strip(), "task 2")
        self.send("--stop")
        self.end(process)

    def send(self, *words):
        command = [str(SCRIPT), "--to", str(self.root / "control"), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    def test_wrong_arguments_and_files_are_refused(self):
        cases = [
            (["--service"], 64),
            (["--to", str(self.root / "control")], 64),
            (["--to", str(self.root / "nobody"), "--status"], 65),
            ([str(self.root / "none.json"), "--service", self.write("service.json", service())], 65),
            ([str(self.root / "task.json"), "--service", self.write("bad.json", {"desiredCount": 0})], 65),
            ([str(self.root / "task.json"), "--service", str(self.root / "service.json"), "--kill-zone", "c"], 64),
        ]
        for words, code in cases:
            with self.subTest(words):
                done = subprocess.run([str(SCRIPT), *words], capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertTrue(done.stderr.startswith("ecs-local: "), done.stderr)


if __name__ == "__main__":
    unittest.main()
