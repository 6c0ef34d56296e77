"""`scripts/ecs-local` as a user runs it, with plain processes."""

import collections
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from gatehouse_ecs.limits import BALANCER_LAG
from gatehouse_ecs.local import balancer
from gatehouse_ecs.local.states import ContainerState
from gatehouse_ecs.local.timeline import Ending, Timeline
from local_trial import DEAF, OBEYS, SERVER, until
from small_servers import Answers, serve

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "ecs-local"
MOUNT = "/volume"


def definition(*containers):
    return {
        "family": "trial",
        "containerDefinitions": [
            {
                "image": "none",
                "environment": [{"name": "NAME", "value": one["name"]}, {"name": "DATA", "value": MOUNT}],
                "mountPoints": [{"sourceVolume": "state", "containerPath": MOUNT}],
                "stopTimeout": 5,
                **one,
            }
            for one in containers
        ],
        "volumes": [{"name": "state", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
    }


def shell(name, line, **options):
    return {"name": name, "command": ["sh", "-c", line], **options}


# The trap is set. An earlier signal would end the shell at once.
UP = {"command": ["CMD-SHELL", "test -e $DATA/service.up"], "interval": 5}


class CommandTests(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="ecs-local-command-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.data = self.root / "data"

    def start(self, document, *options):
        (self.root / "task.json").write_text(json.dumps(document))
        command = [SCRIPT, self.root / "task.json", "--processes", "--data", self.data]
        return subprocess.Popen(
            [*map(str, command), "--timeline", str(self.root / "timeline.json"), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run_to_end(self, document, *options):
        process = self.start(document, *options)
        output, errors = process.communicate(timeout=60)
        return process.returncode, output + errors

    def timeline(self):
        return json.loads((self.root / "timeline.json").read_text())

    def test_stops_in_order_on_ctrl_c_and_says_so(self):
        sidecar = shell("sidecar", OBEYS, dependsOn=[{"containerName": "service", "condition": "START"}])
        process = self.start(definition(shell("service", OBEYS), sidecar))
        for name in ("service", "sidecar"):
            until(f"{name} up", lambda name=name: (self.data / f"{name}.up").exists())
        os.kill(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0, output + errors)
        self.assertIn("nothing was killed", output)
        stops = [one["container"] for one in self.timeline()["events"] if one["event"] == "SIGTERM"]
        self.assertEqual(stops, ["sidecar", "service"])
        self.assertEqual(self.timeline()["containers"]["service"]["exit_code"], 0)

    def test_says_who_was_killed(self):
        code, output = self.run_to_end(
            definition(shell("service", DEAF, stopTimeout=1, healthCheck=UP)), "--stop-after", "0"
        )
        self.assertEqual(code, 1)
        self.assertRegex(output, r"service was killed 1\.\d s after SIGTERM \(stopTimeout 1\)")

    def test_shows_no_secret_and_gives_it_to_who_lists_it_only(self):
        (self.root / "secrets").write_text("TOKEN=hush-hush-hush\n")
        line = 'test "$TOKEN" = hush-hush-hush || exit 5; test -z "$OTHER" || exit 6; exit 0'
        first = shell("first", line, secrets=[{"name": "TOKEN", "valueFrom": "arn"}], essential=False)
        second = shell("second", 'test -z "$TOKEN" || exit 7; exit 0')
        second["dependsOn"] = [{"containerName": "first", "condition": "SUCCESS"}]
        code, output = self.run_to_end(definition(first, second), "--secrets", str(self.root / "secrets"))
        self.assertEqual(code, 0, output)
        self.assertNotIn("hush", output)
        code, output = self.run_to_end(definition(first, second))
        self.assertEqual(code, 65)
        self.assertIn("ResourceInitializationError", output)

    def test_hangs_the_volume_and_leaves_nothing_behind(self):
        if shutil.which("bindfs") is None or not Path("/dev/fuse").exists():
            self.skipTest("no bindfs or no /dev/fuse here")
        line = "trap 'echo x >$DATA/last; exit 0' TERM; touch $DATA/service.up; while :; do sleep 600 & wait; done"
        code, output = self.run_to_end(
            definition(shell("service", line, stopTimeout=2, healthCheck=UP)), "--hang-volume"
        )
        self.assertEqual(code, 1, output)
        self.assertIn("hangs: no call comes back from here on", output)
        self.assertIn("service was killed", output)
        self.assertFalse((self.data / "last").exists())
        self.assertNotIn(str(self.data), Path("/proc/mounts").read_text())
        code, output = self.run_to_end(definition(shell("service", line, healthCheck=UP)), "--stop-after", "0")
        self.assertEqual((code, (self.data / "last").read_text()), (0, "x\n"), "without it the same goes well")

    def test_slows_the_volume_and_loses_nothing(self):
        if shutil.which("bindfs") is None or not Path("/dev/fuse").exists():
            self.skipTest("no bindfs or no /dev/fuse here")
        line = "trap 'echo x >$DATA/last; exit 0' TERM; touch $DATA/service.up; while :; do sleep 600 & wait; done"
        code, output = self.run_to_end(
            definition(shell("service", line, healthCheck=UP)), "--slow-volume", "100", "--stop-after", "0"
        )
        self.assertEqual(code, 0, output)
        self.assertIn("takes up to 100 ms longer", output)
        self.assertTrue((self.data / "last").exists())

    def target(self, grace, status=200):
        (self.root / "target.py").write_text(SERVER)
        return {
            "name": "service",
            "command": [sys.executable, str(self.root / "target.py"), str(grace), str(status), "service.up"],
            "environment": [{"name": "DATA", "value": MOUNT}, {"name": "PORT", "value": "5001"}],
            "portMappings": [{"containerPort": 5001}],
            "stopTimeout": 20,
            "healthCheck": UP,
        }

    def test_a_load_balancer_sends_on_for_some_seconds_and_no_request_may_fail(self):
        options = ("--port", "0", "--target-group", "--stop-after", "1")
        code, output = self.run_to_end(definition(self.target(grace=BALANCER_LAG + 2)), *options)
        self.assertEqual(code, 0, output)
        self.assertRegex(output, r"load balancer +sent [1-9]\d* requests after SIGTERM; none failed in all")

    def test_a_target_that_ends_too_soon_or_answers_with_a_failure_is_not_well(self):
        options = ("--port", "0", "--target-group", "--stop-after", "1")
        code, output = self.run_to_end(definition(self.target(grace=0)), *options)
        self.assertEqual(code, 1, output)
        self.assertRegex(output, r"\d+ requests of the load balancer failed, the first: \w+ \d+\.\d s after SIGTERM")
        code, output = self.run_to_end(definition(self.target(grace=BALANCER_LAG + 2, status=503)), *options)
        self.assertEqual(code, 1, output)
        self.assertIn("the first: status 503 for /api/health", output)

    def test_a_target_group_needs_a_port(self):
        code, output = self.run_to_end(definition(shell("service", OBEYS)), "--target-group")
        self.assertEqual(code, 65, output)
        self.assertIn("add portMappings", output)

    def test_an_unhealthy_end_is_not_well(self):
        check = {"command": ["CMD", "false"], "interval": 5, "retries": 1}
        code, output = self.run_to_end(definition(shell("service", OBEYS, healthCheck=check)))
        self.assertEqual(code, 1)
        self.assertIn("Task failed container health checks (service)", output)

    def test_explains_a_definition_of_another_shape(self):
        code, output = self.run_to_end(definition(shell("service", OBEYS, portMappings=7)))
        self.assertEqual(code, 65)
        self.assertIn("has not the shape of a task definition", output)

    def test_explains_wrong_arguments(self):
        for options, word in (
            (["--spot", "--crash", "service"], "not allowed with"),
            (["--port", "70000"], "invalid port value"),
            (["--nonsense"], "unrecognized"),
            (["--target-group", "--call", "/platform/user/me"], "invalid call value"),
            (["--call", "/api/rest/orders/v1/status"], "needs --target-group"),
        ):
            code, output = self.run_to_end(definition(shell("service", OBEYS)), *options)
            self.assertEqual(code, 64)
            self.assertIn(word, output)
        code, output = self.run_to_end(definition(shell("service", OBEYS)), "--crash", "database")
        self.assertEqual(code, 65)
        self.assertIn("Name one of service", output)


class Target(Answers, BaseHTTPRequestHandler):
    """Answers calls as its server says, and all else with 200."""

    def do_GET(self):
        self.server.seen[self.path].append(self.client_address)
        status, body = (200, b"") if self.path == balancer.PATH else self.server.answer
        self.answer(status, body)


class BalancerTests(unittest.TestCase):
    CALL = "/api/rest/orders/v1/status"

    def run_against(self, status, body):
        """Sends some requests and calls to a target that answers calls like this. → the failures in sentences"""
        server = serve(self, Target, answer=(status, body), seen=collections.defaultdict(list))
        state = ContainerState(has_started=True)
        sender = balancer.Balancer(server.server_port, state, Timeline(), self.CALL)
        self.addCleanup(sender.close)
        sender.start()
        until("some calls", lambda: len(server.seen[self.CALL]) >= 4)
        # It has stopped sending by then.
        state.signalled_at = time.monotonic() - BALANCER_LAG
        failures = sender.finish()
        self.seen = dict(server.seen)
        return failures

    def test_requests_and_calls_go_over_a_kept_connection_and_new_ones(self):
        self.assertEqual(self.run_against(200, b"{}"), [])
        self.assertEqual(set(self.seen), {balancer.PATH, self.CALL})
        for path in (balancer.PATH, self.CALL):
            counts = collections.Counter(self.seen[path])
            self.assertGreaterEqual(len(counts), 2, "new connections")
            self.assertGreaterEqual(max(counts.values()), 2, "a kept one")

    def test_a_refusal_with_a_code_of_the_gateway_is_an_answer(self):
        for status in (401, 403, 404, 429):
            self.assertEqual(self.run_against(status, b'{"error_code": "GTW001", "error_message": "none"}'), [])

    def test_a_call_without_an_answer_of_the_gateway_has_failed(self):
        code = b'{"error_code": "GTW503"}'
        for status, body in ((404, b""), (404, b'{"detail": "none"}'), (404, b"[]"), (502, code), (503, code)):
            failures = self.run_against(status, body)
            self.assertEqual(len(failures), 1, (status, body))
            self.assertRegex(failures[0], rf"[1-9]\d* requests .* the first: status {status} for {self.CALL}")


class TimelineTests(unittest.TestCase):
    def test_is_read_at_a_glance(self):
        timeline = Timeline()
        timeline.add(90.0, "gatehouse", "started")
        timeline.start_counting(100.0)
        timeline.add(100.0, "task", "DesiredStatus STOPPED")
        timeline.add(100.01, "sidecar", "SIGTERM")
        timeline.add(111.01, "sidecar", "exited 0", 11.0, 55)
        timeline.add(111.02, "gatehouse", "SIGTERM")
        timeline.add(166.02, "gatehouse", "SIGKILL", 55.0, 55)
        expected = """start:
  -10.00 s  gatehouse  started
stop: asked for
    0.00 s  task       DesiredStatus STOPPED
    0.01 s  sidecar    SIGTERM
   11.01 s  sidecar    exited 0            |####................|  11.0 of 55 s
   11.02 s  gatehouse  SIGTERM
   66.02 s  gatehouse  SIGKILL             |####################|  55.0 of 55 s
 receipt: drained
 all stopped
"""
        self.assertEqual(timeline.text(Ending("asked for", False, "all stopped", "drained")), expected)
