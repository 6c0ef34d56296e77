"""The load finds what it is there to find: failed calls, acknowledged changes that are missing, reads that went back."""

import json
import re
import threading
import time
import unittest
import urllib.request
from http.server import BaseHTTPRequestHandler

from gatehouse_ecs.local.load.ledger import Ledger, Watermarks, Windows
from gatehouse_ecs.local.load.report import Report
from gatehouse_ecs.local.load.run import Load
from local_trial import until
from small_servers import Answers, serve


class LedgerTests(unittest.TestCase):
    def setUp(self):
        self.ledger = Ledger()

    def test_what_was_acknowledged_must_be_there(self):
        self.ledger.acknowledge("x", 3)
        self.assertIsNone(self.ledger.fault("x", 3))
        self.assertIn("has the value 2", self.ledger.fault("x", 2))
        self.assertIn("is not there", self.ledger.fault("x", None))

    def test_a_deleted_one_must_be_gone(self):
        self.ledger.acknowledge("x", 3)
        self.ledger.acknowledge("x", None)
        self.assertIsNone(self.ledger.fault("x", None))
        self.assertIn("to be gone", self.ledger.fault("x", 3))

    def test_a_change_in_doubt_may_have_been_made_or_not(self):
        self.ledger.acknowledge("x", 1)
        self.ledger.doubt("x", 2)
        self.assertEqual([self.ledger.fault("x", value) for value in (1, 2)], [None, None])
        self.assertIsNotNone(self.ledger.fault("x", 3))
        self.ledger.doubt("new", 1)
        self.assertEqual([self.ledger.fault("new", value) for value in (None, 1)], [None, None])

    def test_an_acknowledged_change_ends_the_doubt(self):
        self.ledger.doubt("x", 2)
        self.ledger.acknowledge("x", 3)
        self.assertIsNotNone(self.ledger.fault("x", 2))


class WindowTests(unittest.TestCase):
    def faults(self, limit: int, *times: float) -> list[float]:
        windows = Windows(limit)
        return [at for at in times if windows.admit(at, at + 0.01)]

    def test_one_more_than_the_limit_in_a_second_is_a_fault_once(self):
        # Each second begins with all that the limit allows, and one has one more.
        self.assertEqual(self.faults(2, 10.0, 10.1, 11.0, 11.1, 11.6, 12.0, 12.1, 13.0), [12.1])
        self.assertEqual(self.faults(2, 10.0, 10.1, 11.0, 11.1, 11.2, 12.0, 12.1), [12.1])
        self.assertEqual(self.faults(2, 10.0, 10.1, 10.2), [])

    def test_windows_that_begin_a_little_late_are_no_fault(self):
        # The first call of the second 11 belongs to the window before.
        self.assertEqual(self.faults(2, 10.3, 11.05, 11.25, 11.3, 12.21, 12.3, 13.22), [])

    def test_twice_the_limit_is_a_fault_with_any_windows(self):
        self.assertTrue(self.faults(2, *(10 + place / 5 for place in range(20))))

    def test_a_call_over_the_end_of_a_window_counts_in_none(self):
        windows = Windows(1)
        self.assertEqual([windows.admit(10.9, 11.1), windows.admit(11.2, 11.3)], [None, None])


class WatermarkTests(unittest.TestCase):
    def test_a_lower_value_on_the_same_connection_went_back(self):
        marks = Watermarks()
        self.assertIsNone(marks.went_back(1, "x", 5))
        self.assertIsNone(marks.went_back(1, "y", 1))
        self.assertIn("was 5, and then 4", marks.went_back(1, "x", 4))
        self.assertIsNone(marks.went_back(2, "x", 4))


class Gateway(Answers, BaseHTTPRequestHandler):
    """The part of the platform that the load calls. Its server has a `fault`, which spoils it."""

    # No wait for the client's acknowledgement between head and body.
    wbufsize = -1
    timeout = 20

    def do_GET(self):
        self.handle_one("GET")

    def do_POST(self):
        self.handle_one("POST")

    def do_PUT(self):
        self.handle_one("PUT")

    def do_DELETE(self):
        self.handle_one("DELETE")

    def handle_one(self, method):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            status, document = self.decide(method, json.loads(body) if body else {})
        self.answer(status, json.dumps(document).encode())
        self.wfile.flush()

    def decide(self, method, body):
        server = self.server
        if self.path == "/platform/authorization":
            return 200, {"access_token": body["email"]}
        if self.path == "/platform/api":
            server.servers[f"{body['api_name']}/{body['api_version']}"] = body["api_servers"][0]
            return 201, {}
        if self.headers["Authorization"].startswith("Bearer limited-") and not self.is_admitted():
            return 429, {}
        if found := re.fullmatch(r"/api/rest/([^/]+/v1)(/.+)", self.path):
            with urllib.request.urlopen(server.servers[found[1]] + found[2], timeout=20) as answer:
                return 200, json.load(answer)
        if self.path.startswith("/platform/group"):
            return self.group(method, self.path.removeprefix("/platform/group").strip("/"), body)
        return 200, {}

    def is_admitted(self):
        second = int(time.time())
        self.server.calls = (second, self.server.calls[1] + 1 if self.server.calls[0] == second else 1)
        return self.server.calls[1] <= (500 if self.server.fault == "no limit" else 5)

    def group(self, method, name, body):
        server = self.server
        if method == "GET":
            if name not in server.groups:
                return 404, {}
            value = server.groups[name]
            if server.fault == "old reads" and name.endswith("counter") and int(value) > 5:
                value = str(int(value) - 3)
            return 200, {"group_description": value}
        if method == "DELETE":
            server.groups.pop(name, None)
            return 200, {}
        if server.fault == "no changes":
            return 503, {"error_code": "GTW504"}
        name = name or body["group_name"]
        server.groups[name] = body["group_description"]
        return 201 if method == "POST" else 200, {}


class LoadTests(unittest.TestCase):
    def put_load_on(self, fault="", change=lambda _: None):
        state = {"calls": (0, 0), "groups": {}, "servers": {}, "lock": threading.Lock()}
        gateway = serve(self, Gateway, fault=fault, **state)
        report = Report()
        load = Load(gateway.server_address[1], ("admin@example.com", "secret"), report)
        load.start()
        until("the load", lambda: load.is_made)
        until("calls of every kind", lambda: all(report.calls[kind] > 60 for kind in ("call", "change", "read")))
        change(gateway)
        load.end()
        until("its end", lambda: load.has_ended, seconds=60)
        if load.error:
            raise load.error
        return report

    def test_a_gateway_in_order_has_no_fault(self):
        report = self.put_load_on()
        self.assertTrue(report.is_well, report.text())
        self.assertGreater(report.acknowledged, 10)
        self.assertGreater(report.calls["login"], 0)

    def test_a_change_that_is_forgotten_is_missing(self):
        def forget(gateway):
            with gateway.lock:
                name = next(name for name in gateway.groups if re.search(r"-\d-1$", name))
                del gateway.groups[name]

        report = self.put_load_on(change=forget)
        self.assertEqual(len(report.missing), 1, report.text())
        self.assertIn("is not there", report.missing[0])

    def test_a_read_of_an_older_state_went_back(self):
        report = self.put_load_on("old reads")
        self.assertTrue(report.went_back)
        self.assertFalse(report.is_well)

    def test_a_limit_that_lets_too_many_through_is_seen(self):
        report = self.put_load_on("no limit", lambda _: time.sleep(3))
        self.assertTrue(report.over_limit, report.text())
        self.assertFalse(report.is_well)

    def test_refused_changes_are_counted_with_their_reason(self):
        report = self.put_load_on("no changes")
        self.assertGreater(report.failures["change", "503 GTW504"], 0)
        self.assertFalse(report.missing, report.text())

    def test_a_failure_that_a_kill_explains_is_counted_apart(self):
        report = Report(lambda _kind, target, _since: f"{target}, which was killed" if target == "task 1" else None)
        report.fail("call", "502 gone", "task 1", time.monotonic())
        self.assertFalse(report.is_well, "nothing was checked at the end")
        self.assertIn("were not looked for", report.text())
        report.is_checked = True
        self.assertTrue(report.is_well)
        report.fail("call", "502 gone", "task 2", time.monotonic())
        self.assertFalse(report.is_well)
        self.assertIn("1 failed calls that a kill explains", report.text())


if __name__ == "__main__":
    unittest.main()
