"""compose.standby.yaml: two tasks that differ in their names only, each like the one of compose.yaml, and nginx before them."""

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import yaml
from local_trial import until
from small_servers import Answers, serve

COMPOSE = Path(__file__).resolve().parents[2] / "compose"


def read(name):
    return yaml.safe_load((COMPOSE / name).read_text())


class FileTests(unittest.TestCase):
    def setUp(self):
        self.single = read("compose.yaml")["services"]
        self.standby = read("compose.standby.yaml")["services"]

    def without(self, container, *keys):
        return {key: value for key, value in container.items() if key not in keys}

    def test_each_gateway_is_that_of_the_single_stack(self):
        # nginx has the port of the host, and a task that ends is started again.
        own = ("build", "environment", "networks", "ports", "restart")
        for name in ("gatehouse-a", "gatehouse-b"):
            self.assertEqual(self.without(self.single["gatehouse"], *own), self.without(self.standby[name], *own), name)
            self.assertEqual("unless-stopped", self.standby[name]["restart"])
            address = {"ADVERTISE_ADDRESS": self.standby[name]["networks"]["default"]["ipv4_address"]}
            self.assertEqual(self.single["gatehouse"]["environment"] | address, self.standby[name]["environment"])

    def test_each_sidecar_is_that_of_the_single_stack_and_has_its_own_gateway(self):
        own = ("depends_on", "environment", "restart")
        single = self.single["gatehouse-sidecar"]
        for letter in ("a", "b"):
            found = self.standby[f"gatehouse-{letter}-sidecar"]
            self.assertEqual(self.without(single, *own), self.without(found, *own))
            url = {"SIDECAR_URL": f"http://gatehouse-{letter}:5001"}
            self.assertEqual(single["environment"] | url, found["environment"])
            self.assertEqual({f"gatehouse-{letter}": {"condition": "service_healthy"}}, found["depends_on"])

    def test_nginx_knows_both_addresses(self):
        servers = re.findall(r"server ([\d.]+):5001 ", (COMPOSE / "balancer.conf").read_text())
        addresses = [
            self.standby[name]["networks"]["default"]["ipv4_address"] for name in ("gatehouse-a", "gatehouse-b")
        ]
        self.assertEqual(servers, addresses)

    def test_nginx_has_no_more_rights_than_the_programs_and_no_registry_in_its_name(self):
        balancer, gateway = self.standby["balancer"], self.standby["gatehouse-a"]
        for key in ("user", "read_only", "cap_drop", "security_opt"):
            self.assertEqual(gateway[key], balancer[key])
        self.assertEqual("${NGINX_IMAGE:-nginx:stable}", balancer["image"])
        self.assertTrue(balancer["ports"][0].startswith("127.0.0.1:"))

    def test_the_script_waits_for_services_that_are_there(self):
        script = (COMPOSE.parent / "scripts" / "compose-up").read_text()
        watched = re.search(r"--standby\).*?watched=\(([^)]*)\)", script, flags=re.DOTALL)[1].split()
        self.assertEqual(set(watched), {"gatehouse-a-sidecar", "gatehouse-b-sidecar", "balancer"})
        self.assertLessEqual(set(watched), self.standby.keys())


class Target(Answers, BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append(dict(self.headers))
        self.answer(200, self.server.name)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()


@unittest.skipIf(shutil.which("nginx") is None, "no nginx here")
class NginxTests(unittest.TestCase):
    """The configuration itself, with other addresses."""

    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="compose-standby-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)

    def start(self, *servers):
        text = (COMPOSE / "balancer.conf").read_text().replace("/tmp/", f"{self.root}/")
        for address, server in zip(("172.31.251.4", "172.31.251.5"), servers, strict=True):
            text = text.replace(f"{address}:5001", f"127.0.0.1:{server.server_address[1]}")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        text = text.replace("listen 8080", f"listen 127.0.0.1:{port}")
        path = self.root / "nginx.conf"
        path.write_text(text)
        process = subprocess.Popen(
            ["nginx", "-c", str(path)], stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(lambda: os.killpg(process.pid, signal.SIGTERM))

        def answers():
            self.assertIsNone(process.poll(), "nginx does not take its configuration")
            with contextlib.suppress(OSError):
                return self.call(port)
            return None

        until("nginx", answers)
        return port

    def call(self, port, method="GET", body=None):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            client.request(method, "/api/health", body=body)
            answer = client.getresponse()
            return answer.status, answer.read()
        finally:
            client.close()

    def test_requests_go_to_both_and_to_the_other_one_when_one_is_gone(self):
        first, second = (serve(self, Target, name=name, seen=[]) for name in (b"a", b"b"))
        port = self.start(first, second)
        self.assertEqual({self.call(port)[1] for _ in range(10)}, {b"a", b"b"})
        self.assertEqual(first.seen[-1]["X-Forwarded-For"], "127.0.0.1")
        first.shutdown()
        first.server_close()
        found = [self.call(port, "POST", "x" * 10) for _ in range(10)]
        self.assertEqual(set(found), {(200, b"b")})


if __name__ == "__main__":
    unittest.main()
