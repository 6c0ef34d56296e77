"""The load balancer of `ecs-local --service`, with real connections to small servers."""

import contextlib
import http.client
import socket
import unittest
from http.server import BaseHTTPRequestHandler

from gatehouse_ecs.local.service.proxy import Proxy
from gatehouse_ecs.local.service.targets import GroupSettings, TargetGroup
from local_trial import until
from small_servers import Answers, serve


class Target(Answers, BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.client_address, dict(self.headers)))
        if self.path == "/health":
            self.answer(200 if self.server.is_well else 503, b"")
        elif self.path == "/chunks":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        elif self.path == "/close":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"to the end")
            self.close_connection = True
        elif self.path == "/hang-up":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif self.path == "/half":
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"half")
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            self.answer(200, self.server.name.encode())

    def do_POST(self):
        self.answer(200, self.rfile.read(int(self.headers["Content-Length"])))


class BalancerTests(unittest.TestCase):
    def setUp(self):
        self.group = TargetGroup(GroupSettings(path="/health", interval=0.05, timeout=5, lag=0))
        self.changes = []
        self.proxy = Proxy(self.group, lambda *change: self.changes.append(change))
        self.proxy.start(0)
        self.addCleanup(self.proxy.close)

    def target(self, name):
        server = serve(self, Target, name=name, seen=[], is_well=True)
        self.group.add(name, "127.0.0.1", server.server_address[1])
        until(f"{name} healthy", lambda: self.group.state(name) == "healthy")
        server.seen.clear()
        return server

    def client(self):
        client = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=20)
        self.addCleanup(client.close)
        return client

    def get(self, client, path="/", method="GET", **options):
        client.request(method, path, **options)
        answer = client.getresponse()
        return answer.status, answer.read()

    def test_requests_of_one_connection_go_to_all_targets_in_turn(self):
        for name in ("one", "two"):
            self.target(name)
        client = self.client()
        self.assertEqual({self.get(client)[1] for _ in range(4)}, {b"one", b"two"})

    def test_connections_are_kept_on_both_sides(self):
        server, client = self.target("one"), self.client()
        for _ in range(3):
            self.get(client)
        socket_of_client = client.sock
        self.get(client)
        self.assertIs(client.sock, socket_of_client)
        ports = {address[1] for address, headers in server.seen if "X-Forwarded-For" in headers}
        self.assertEqual(len(ports), 1)

    def test_the_target_learns_the_address_of_the_client(self):
        server = self.target("one")
        self.get(self.client(), headers={"X-Forwarded-For": "192.0.2.1", "Connection": "keep-alive"})
        headers = next(headers for _, headers in server.seen if "X-Forwarded-For" in headers)
        self.assertEqual(headers["X-Forwarded-For"], "192.0.2.1, 127.0.0.1")
        self.assertEqual(headers["X-Forwarded-Proto"], "https")
        self.assertNotIn("Connection", headers)

    def test_bodies_pass_in_every_framing(self):
        self.target("one")
        client = self.client()
        body = b"x" * 300_000
        self.assertEqual(self.get(client, method="POST", body=body), (200, body))
        self.assertEqual(self.get(client, "/chunks"), (200, b"abcde"))
        self.assertEqual(self.get(client, "/close"), (200, b"to the end"))
        self.assertEqual(self.get(self.client(), method="HEAD")[0], 501)

    def test_no_target_is_503(self):
        self.assertEqual(self.get(self.client())[0], 503)

    def test_a_target_that_is_gone_is_502_and_nothing_is_repeated(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            self.group.add("gone", "127.0.0.1", closed.getsockname()[1])
        until("unhealthy", lambda: self.group.state("gone") == "unhealthy")
        self.assertEqual(self.get(self.client())[0], 502)

    def test_a_target_that_hangs_up_before_its_answer_is_502_once(self):
        server = self.target("one")
        self.assertEqual(self.get(self.client(), "/hang-up")[0], 502)
        self.assertEqual(sum("X-Forwarded-For" in headers for _, headers in server.seen), 1)

    def test_an_answer_that_breaks_off_breaks_off_for_the_client(self):
        self.target("one")
        with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
            self.get(self.client(), "/half")

    def test_what_is_not_http_is_400(self):
        self.target("one")
        with socket.create_connection(("127.0.0.1", self.proxy.port), timeout=20) as client:
            client.sendall(b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n")
            self.assertIn(b" 400 ", client.recv(1000).split(b"\r\n")[0])

    def test_a_target_whose_checks_fail_gets_no_requests_while_another_is_healthy(self):
        sick, _ = self.target("sick"), self.target("well")
        sick.is_well = False
        until("unhealthy", lambda: self.group.state("sick") == "unhealthy")
        client = self.client()
        self.assertEqual({self.get(client)[1] for _ in range(4)}, {b"well"})
        self.assertIn(("sick", "unhealthy"), self.changes)

    def test_a_port_that_is_taken_is_an_error(self):
        second = Proxy(self.group, lambda *_: None)
        with self.assertRaises(OSError), contextlib.closing(second):
            second.start(self.proxy.port)


if __name__ == "__main__":
    unittest.main()
