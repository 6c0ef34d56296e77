"""The filters of the templates and the commands for whoever is on call find the lines that the programs really write."""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from gatehouse_ecs import documents, samples
from gatehouse_ecs.bindings import for_awscli
from gatehouse_ecs.template import ECS_DIRECTORY
from local_trial import until
from log_filters import matches, value

ROOT = ECS_DIRECTORY.parent
BUILDS = [ROOT / ".build" / kind for kind in ("debug", "release")]
PROGRAMS = next((build for build in BUILDS if (build / "gatehouse").exists()), None)
PATIENCE = 60
SECRETS = {
    name: "Aa1-" + secrets.token_hex(24)
    for name in ("MEM_ENCRYPTION_KEY", "JWT_SECRET_KEY", "DOORMAN_ADMIN_PASSWORD", "SIDECAR_PASSWORD")
}
REFUSAL = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


class S3(BaseHTTPRequestHandler):
    """Refuses what is copied until `server.is_open`; from then on it has all objects, with their metadata."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, tuple[bytes, dict[str, str]]]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if not self.server.is_open:
            self._answer(403, REFUSAL)
        elif self.headers.get("if-none-match") and self.path in self.server.objects:
            self._answer(412)
        else:
            metadata = dict(field for field in self.headers.items() if field[0].lower().startswith("x-amz-meta-"))
            self.server.objects[self.path] = (body, metadata)
            self._answer(200)

    def do_HEAD(self) -> None:
        if found := self.server.objects.get(self.path):
            self._answer(200, size=len(found[0]), metadata=found[1])
        else:
            self._answer(404)

    def do_GET(self) -> None:
        self._answer(200, b"<ListBucketResult></ListBucketResult>")

    def _answer(
        self, status: int, body: bytes = b"", size: int | None = None, metadata: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body) if size is None else size))
        for field in (metadata or {}).items():
            self.send_header(*field)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Programs:
    """Gateway and sidecar with the environment of the rendered task definition, without ECS. `lines` has what they log."""

    def __init__(self) -> None:
        values = samples.variants()["fargate"] | {"offsite_bucket": "gatehouse-copies", "name": "gatehouse"}
        self.documents = documents.all_of(for_awscli(values))
        self.lines: list[str] = []
        self.directory = Path(tempfile.mkdtemp(prefix="gatehouse-alarms-"))
        self.bucket = ThreadingHTTPServer(("127.0.0.1", 0), S3)
        self.bucket.is_open, self.bucket.objects = False, {}
        threading.Thread(target=self.bucket.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{free_port()}"
        self._processes: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str) -> None:
        task = self.documents["task-definition.fargate.json"]
        container = next(one for one in task["containerDefinitions"] if one["name"] == name)
        listed = {one["name"] for one in container["secrets"]}
        environment = {one["name"]: one["value"] for one in container["environment"]} | {
            "PATH": os.environ["PATH"],
            "HOST": "127.0.0.1",
            "PORT": self.url.rpartition(":")[2],
            "MEM_DUMP_PATH": str(self.directory / "memory_dump.bin"),
            **{key: secret for key, secret in SECRETS.items() if key in listed},
        }
        if name == "gatehouse-sidecar":
            environment |= {
                "SIDECAR_STATUS_EVERY": "1s",
                "SIDECAR_METRICS_PORT": str(free_port()),
                "OFFSITE_S3_ENDPOINT": f"http://127.0.0.1:{self.bucket.server_port}",
                "AWS_ACCESS_KEY_ID": "nobody",
                "AWS_SECRET_ACCESS_KEY": "nothing",
            }
        process = subprocess.Popen(
            [str(PROGRAMS / name)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._processes[name] = process
        threading.Thread(target=self._read, args=(process,), daemon=True).start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        self.lines.extend(line.rstrip("\n") for line in process.stdout)

    def end(self, name: str, number: signal.Signals) -> int:
        self._processes[name].send_signal(number)
        return self._processes[name].wait(PATIENCE)

    def close(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()
        self.bucket.shutdown()
        self.bucket.server_close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def said(self, pattern: str) -> list[str]:
        return [line for line in list(self.lines) if matches(pattern, line)]

    def wait_for(self, pattern: str) -> str:
        return until(pattern, lambda: self.said(pattern) or None, PATIENCE)[-1]

    def ask_for_a_dump(self) -> dict[str, Any]:
        login = {"email": "admin", "password": SECRETS["DOORMAN_ADMIN_PASSWORD"]}
        answer = self._post("/platform/authorization", login)
        return self._post("/platform/memory/dump", {}, next(iter(answer.values())))

    def _post(self, path: str, body: dict[str, Any], token: str | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def patterns(alarm: str) -> list[str]:
    """What the section of an alarm looks for in the log."""
    page = (ROOT / "docs/operate/alarms.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {alarm}\n")[1].split("\n## ")[0]
    return [quoted or plain for quoted, plain in re.findall(r"\bsaid (?:'([^']+)'|(\w+))", section)]


@unittest.skipUnless(PROGRAMS, "swift build makes the programs")
class AlarmLineTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        """One life of a task: no dump, a dump that S3 refuses, a copy, and a gateway that the kernel kills."""
        cls.programs = programs = Programs()
        cls.addClassCleanup(programs.close)
        programs.start("gatehouse")
        programs.wait_for('{ $.message = "ready*" }')
        programs.start("gatehouse-sidecar")
        cls.without_a_dump = programs.wait_for('{ $.message = "status" }')
        programs.wait_for('{ ($.message = "status") && ($.service_writer = 1) }')
        cls.answer = programs.ask_for_a_dump()["response"]
        programs.wait_for('{ $.message = "the copy to S3 failed*" }')
        cls.without_a_copy = programs.wait_for('{ ($.message = "status") && ($.offsite_lag_seconds > 0) }')
        programs.bucket.is_open = True
        programs.wait_for('{ $.message = "dump copied to S3" }')
        cls.copied = programs.wait_for("{ ($.dumps = 1) && ($.offsite_lag_seconds = 0) }")
        # As the kernel does when memory runs out.
        programs.end("gatehouse", signal.SIGKILL)
        cls.exit_code = programs.end("gatehouse-sidecar", signal.SIGTERM)
        programs.wait_for('{ $.message = "drain ended" }')

    def figure(self, filter_name: str, line: str) -> float | None:
        """What the filter of this name makes of a line, or `None` when the filter passes over the line."""
        found = next(one for one in self.programs.documents["metric-filters.json"] if one["filterName"] == filter_name)
        if not matches(found["filterPattern"], line):
            return None
        return value(found["metricTransformations"][0]["metricValue"], line)

    def threshold(self, name: str) -> float:
        return next(
            one["Threshold"]
            for one in self.programs.documents["alarms.json"]
            if one["AlarmName"] == f"gatehouse-{name}"
        )

    def test_the_age_of_the_newest_dump_is_a_figure_once_there_is_a_dump(self) -> None:
        self.assertIsNone(self.figure("dump-age", self.without_a_dump), "missing data raise this alarm")
        age = self.figure("dump-age", self.copied)
        self.assertGreaterEqual(age, 0)
        self.assertLess(age, self.threshold("dump-age"))
        self.assertEqual(self.figure("status-lines", self.without_a_dump), 1)

    def test_a_writer_counts_as_one_and_a_standby_as_ready_and_behind(self) -> None:
        kept = json.loads(self.copied)
        names = ("writers", "standbys-ready", "standby-lag")
        self.assertEqual([1, None, None], [self.figure(name, self.copied) for name in names])
        standby = json.dumps(kept | {"service_writer": 0, "standby_lag_seconds": 2})
        self.assertEqual([0, 1, 2], [self.figure(name, standby) for name in names])
        unready = json.dumps(kept | {"service_writer": 0, "service_ready": 0})
        self.assertIsNone(self.figure("standbys-ready", unready))
        # Five lines a writer in five minutes.
        self.assertLess(5, self.threshold("two-writers"))
        self.assertGreater(2 * 5, self.threshold("two-writers"))

    def test_a_missing_copy_raises_its_alarm_and_a_copy_ends_it(self) -> None:
        self.assertGreater(self.figure("offsite-lag", self.without_a_copy), self.threshold("offsite-lag"))
        self.assertEqual(self.figure("offsite-lag", self.copied), 0)
        self.assertEqual(self.figure("offsite-lag", self.without_a_dump), 0, "there is nothing to copy yet")

    def test_whole_journals_and_their_copies_raise_no_alarm(self) -> None:
        for name in ("damaged-journals", "missing-journal"):
            self.assertEqual(self.figure(name, self.copied), 0)
            self.assertEqual(self.threshold(name), 0)
        self.assertLess(self.figure("offsite-journal-lag", self.copied), self.threshold("offsite-journal-lag"))

    def test_a_gateway_that_was_killed_is_a_failed_drain(self) -> None:
        line = self.programs.said('{ $.message = "drain ended" }')[-1]
        self.assertEqual(self.exit_code, 70)
        self.assertEqual(json.loads(line)["drain.outcome"], "service_crashed")
        self.assertEqual(self.figure("drains-failed", line), 1)
        self.assertIsNone(self.figure("service-gone", line), "it would count twice")

    def test_other_lines_are_figures_of_no_filter(self) -> None:
        names = [one["filterName"] for one in self.programs.documents["metric-filters.json"]]
        for line in self.programs.lines:
            if json.loads(line)["message"] not in ("status", "drain ended"):
                self.assertEqual([], [name for name in names if self.figure(name, line) is not None], line)

    def test_each_look_into_the_log_on_the_page_finds_a_line(self) -> None:
        for alarm in ("dump-age", "memory", "offsite-lag"):
            self.assertNotEqual([], patterns(alarm), alarm)
            for pattern in patterns(alarm):
                with self.subTest(alarm=alarm, pattern=pattern):
                    self.assertNotEqual([], self.programs.said(pattern))

    def test_a_refused_copy_says_what_s3_answered(self) -> None:
        line = json.loads(self.programs.said('{ $.message = "the copy to S3 failed*" }')[0])
        self.assertIn("answered 403: AccessDenied", line["error"])

    def test_the_answer_to_a_dump_has_its_size(self) -> None:
        self.assertEqual(self.answer["format"], "DMP2")
        self.assertEqual(self.answer["bytes"], json.loads(self.copied)["dump_bytes"])


class PatternTests(unittest.TestCase):
    def test_a_pattern_takes_what_cloudwatch_would_take(self) -> None:
        line = '{"message":"status","level":"info","dumps":2,"dump.name":"a"}'
        for pattern, is_taken in (
            ('{ $.message = "status" }', True),
            ('{ $.message = "stat*" }', True),
            ('{ $.message = "stat" }', False),
            ('{ ($.message = "status") && ($.dumps >= 0) }', True),
            ('{ ($.message = "status") && ($.age >= 0) }', False),
            ('{ ($.level = "error") || ($.level = "info") }', True),
            ('{ ($.level = "error") || ($.level = "info") && ($.dumps > 2) }', False),
            ('{ $.dump.name = "a" }', False),
            ('"status" "info"', True),
            ('"status" "warning"', False),
            ("status", True),
        ):
            with self.subTest(pattern):
                self.assertEqual(matches(pattern, line), is_taken)
        self.assertFalse(matches('{ $.message = "status" }', "no JSON"))


if __name__ == "__main__":
    unittest.main()
