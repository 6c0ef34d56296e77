"""Calls that the task forwards while it stops, with the real image and a load balancer that learns late of the stop."""

import json
import os
import signal
import unittest

import test_ecs_local

CALL = "/api/rest/self/v1/api/health"


class ForwardedCallTests(unittest.TestCase):
    setUp = test_ecs_local.EcsLocalTests.setUp
    render = test_ecs_local.EcsLocalTests.render
    start = test_ecs_local.EcsLocalTests.start
    end = test_ecs_local.EcsLocalTests.end
    gateway = test_ecs_local.EcsLocalTests.gateway

    def make(self, gateway):
        """Makes an API whose server is the gateway itself, at the port that it has inside. On this machine it has another one."""
        token = gateway.log_in()
        api = gateway.api("self") | {"api_public": True, "api_servers": ["http://127.0.0.1:5001"]}
        endpoint = {"endpoint_method": "GET", "endpoint_uri": "/api/health", "endpoint_description": "of a test"}
        endpoint |= {name: api[name] for name in ("api_name", "api_version")}
        for path, body in (("/platform/api", api), ("/platform/endpoint", endpoint)):
            answer = gateway.call("POST", path, body, token)
            self.assertEqual(answer.status, 201, answer.json)

    def test_are_answered_by_their_server_in_the_grace(self):
        self.render(stop_timeout=60, target_group_arn=test_ecs_local.TARGET_GROUP)
        process = self.start("--target-group", "--call", CALL)
        gateway = self.gateway()
        self.make(gateway)
        answer = gateway.call("GET", CALL)
        self.assertEqual((answer.status, answer.json), (200, {"status": "online"}))
        os.kill(process.pid, signal.SIGINT)
        code, _ = self.end(process)
        self.assertEqual(code, 0, self.output)
        self.assertRegex(self.output, r"load balancer +sent [1-9]\d* requests after SIGTERM; none failed in all")

    def test_reach_the_task_at_the_address_of_its_metadata(self):
        process = self.start()
        self.gateway()
        address = json.loads((self.data / "lease.json").read_text())["address"]
        os.kill(process.pid, signal.SIGINT)
        code, _ = self.end(process)
        self.assertEqual(code, 0, self.output)
        self.assertRegex(address["host"], r"^\d+\.\d+\.\d+\.\d+$")
        self.assertFalse(address["host"].startswith("127."))
        self.assertEqual(address["port"], 5001)
