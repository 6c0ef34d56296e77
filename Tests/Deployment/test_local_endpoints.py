"""The endpoints of a task over HTTP: metadata version 4, task protection and credentials."""

import json
import unittest
import urllib.error
import urllib.request

from gatehouse_ecs.local.definition import TaskDefinition
from gatehouse_ecs.local.endpoints import Endpoints, RateLimit
from gatehouse_ecs.local.metadata import Metadata
from gatehouse_ecs.local.states import TaskStates
from local_trial import container, healthy_when


class EndpointTests(unittest.TestCase):
    def serve(self, has_task_role=True):
        service = container("service", health_check=healthy_when("service"))
        task = TaskDefinition("trial", (service, container("sidecar")), {"volume": True}, has_task_role)
        self.states = TaskStates(task)
        self.reports = []
        endpoints = Endpoints(
            "127.0.0.1",
            task,
            Metadata(task, self.states, "0123", "127.0.0.9"),
            lambda *report: self.reports.append(report),
        )
        self.addCleanup(endpoints.close)
        self.environment = endpoints.environment("sidecar") | endpoints.secret_environment()

    def ask(self, url, method="GET", body=None, headers=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def protect(self, body):
        return self.ask(f"{self.environment['ECS_AGENT_URI']}/task-protection/v1/state", "PUT", body)

    def test_metadata_follows_the_task(self):
        self.serve()
        url = f"{self.environment['ECS_CONTAINER_METADATA_URI_V4']}/task"
        before = self.ask(url)[1]
        self.assertEqual((before["DesiredStatus"], before["KnownStatus"]), ("RUNNING", "CREATED"))
        self.assertEqual([one["Networks"][0]["IPv4Addresses"] for one in before["Containers"]], [["127.0.0.9"]] * 2)
        for name in ("service", "sidecar"):
            self.states.change(name, has_started=True)
        self.states.change("service", health="HEALTHY", health_since="2026-11-25T00:00:00Z")
        running = self.ask(url)[1]
        self.assertEqual(running["KnownStatus"], "RUNNING")
        service = next(one for one in running["Containers"] if one["Name"] == "service")
        self.assertEqual(service["Health"]["status"], "HEALTHY")
        self.states.want_stopped()
        self.states.change("service", has_ended=True, exit_code=137)
        stopping = self.ask(url)[1]
        self.assertEqual((stopping["DesiredStatus"], stopping["KnownStatus"]), ("STOPPED", "RUNNING"))
        service = next(one for one in stopping["Containers"] if one["Name"] == "service")
        self.assertEqual((service["KnownStatus"], service["ExitCode"]), ("STOPPED", 137))
        self.assertEqual(self.ask(self.environment["ECS_CONTAINER_METADATA_URI_V4"])[1]["Name"], "sidecar")

    def test_metadata_is_asked_forty_times_a_second_at_most(self):
        time = [0.0]
        limit = RateLimit(clock=lambda: time[0])
        self.assertEqual([limit.admits() for _ in range(41)], [True] * 40 + [False])
        time[0] = 1.0
        self.assertTrue(limit.admits())

    def test_protection_is_as_strict_as_ecs(self):
        self.serve()
        status, answer = self.protect({"ProtectionEnabled": True, "ExpiresInMinutes": 10})
        self.assertEqual((status, answer["protection"]["ProtectionEnabled"]), (200, True))
        self.assertIn("ExpirationDate", answer["protection"])
        status, answer = self.protect({"ProtectionEnabled": False})
        self.assertEqual((status, answer["protection"]["ProtectionEnabled"]), (200, False))
        for body in (
            {"ProtectionEnabled": True, "ExpiresInMinutes": 0},
            {"ProtectionEnabled": True, "ExpiresInMinutes": 2881},
            {"ProtectionEnabled": "yes"},
            {"ProtectionEnabled": True, "Reason": "none"},
            [],
        ):
            self.assertEqual(self.protect(body)[0], 400, body)
        self.assertEqual(self.reports[0], ("sidecar", "task protection on for 10 min"))

    def test_without_a_task_role_there_is_neither_protection_nor_a_credential(self):
        self.serve(has_task_role=False)
        self.assertEqual(self.protect({"ProtectionEnabled": True})[0], 403)
        self.assertNotIn("AWS_CONTAINER_CREDENTIALS_FULL_URI", self.environment)
        self.assertNotIn("AWS_CONTAINER_AUTHORIZATION_TOKEN", self.environment)

    def test_credentials_ask_for_the_token(self):
        self.serve()
        url = self.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        self.assertEqual(self.ask(url)[0], 401)
        status, answer = self.ask(url, headers={"Authorization": self.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]})
        self.assertEqual(status, 200)
        for name in ("AccessKeyId", "SecretAccessKey", "Token", "Expiration"):
            self.assertTrue(answer[name])

    def test_other_paths_are_not_there(self):
        self.serve()
        base = self.environment["ECS_AGENT_URI"].rsplit("/", 2)[0]
        for path in ("/v4/guess/task", "/", "/v3/task"):
            self.assertEqual(self.ask(base + path)[0], 404)
