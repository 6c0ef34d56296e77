"""What `ecs-local` reads: task definitions, secrets; and what it makes of health checks and dependencies. No process runs."""

import copy
import json
import tempfile
import unittest
from pathlib import Path

from gatehouse_ecs.local import Refused, definition, order, secret_values
from gatehouse_ecs.local.health import HealthVerdict
from gatehouse_ecs.local.states import ContainerState
from local_trial import container, healthy_when

FIXTURE = Path(__file__).parent / "fixtures" / "task-definition.json"


class DefinitionTests(unittest.TestCase):
    def setUp(self):
        self.document = json.loads(FIXTURE.read_text())
        self.service, self.sidecar = self.document["containerDefinitions"]

    def fault(self):
        with self.assertRaises(Refused) as refused:
            definition.parse(self.document)
        return str(refused.exception)

    def test_reads_what_decides(self):
        task = definition.parse(self.document)
        service, sidecar = task["gatehouse"], task["gatehouse-sidecar"]
        self.assertEqual(sidecar.depends_on, (definition.Dependency("gatehouse", "HEALTHY"),))
        self.assertEqual((service.stop_timeout, service.health_check.start_period), (30, 300))
        self.assertEqual(sidecar.secrets, ("MEM_ENCRYPTION_KEY", "SIDECAR_PASSWORD"))
        self.assertTrue(service.has_read_only_root and task.has_task_role and task.volumes["generated"])

    def test_has_the_defaults_of_ecs(self):
        for name in ("stopTimeout", "essential"):
            del self.service[name]
        self.service["healthCheck"] = {"command": ["CMD", "true"]}
        service = definition.parse(self.document)["gatehouse"]
        check = service.health_check
        self.assertEqual((service.stop_timeout, service.is_essential), (30, True))
        self.assertEqual((check.interval, check.timeout, check.retries, check.start_period), (30, 5, 3, 0))

    def test_names_every_fault_at_once(self):
        self.service["stopTimeout"] = 121
        self.service["healthCheck"]["interval"] = 4
        self.sidecar["dependsOn"] = [{"containerName": "nobody", "condition": "HEALTHY"}]
        self.sidecar["mountPoints"][0]["sourceVolume"] = "elsewhere"
        fault = self.fault()
        for word in ("at most 120", "interval of healthCheck is 4: ECS takes 5 to 300", "nobody", "elsewhere"):
            self.assertIn(word, fault)

    def test_refuses_what_could_never_start(self):
        del self.service["healthCheck"]
        self.assertIn("which has no healthCheck", self.fault())

    def test_refuses_a_template(self):
        self.document["containerDefinitions"] = ["${container:gatehouse}"]
        self.assertIn("is the template rendered?", self.fault())

    def test_names_the_circle(self):
        self.service["dependsOn"] = [{"containerName": "gatehouse-sidecar", "condition": "START"}]
        with self.assertRaisesRegex(Refused, "gatehouse → gatehouse-sidecar → gatehouse"):
            order.check(definition.parse(self.document))

    def test_finds_service_and_sidecar_by_their_part(self):
        task = definition.parse(self.document)
        found = [order.find(task, word) for word in ("service", "sidecar", "gatehouse")]
        self.assertEqual(found, ["gatehouse", "gatehouse-sidecar", "gatehouse"])
        with self.assertRaisesRegex(Refused, "Name one of gatehouse, gatehouse-sidecar"):
            order.find(task, "database")


class SecretTests(unittest.TestCase):
    def read(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".env") as file:
            file.write(text)
            file.flush()
            return secret_values.read(Path(file.name))

    def test_reads_lines_and_json(self):
        expected = {"A": "1=2", "B": "x y"}
        self.assertEqual(self.read("# of a test\nexport A=1=2\n\nB=x y\n"), expected)
        self.assertEqual(self.read(json.dumps(expected)), expected)

    def test_tells_the_line_and_not_what_is_in_it(self):
        with self.assertRaises(Refused) as refused:
            self.read("A=1\nhush-hush\n")
        self.assertIn("line 2", str(refused.exception))
        self.assertNotIn("hush", str(refused.exception))

    def test_gives_each_container_its_own_and_names_all_that_are_missing(self):
        task = definition.parse(json.loads(FIXTURE.read_text()))
        values = {name: name.lower() for name in task["gatehouse"].secrets}
        given = secret_values.hand_out(task, values, "file")
        self.assertEqual(set(given["gatehouse-sidecar"]), {"MEM_ENCRYPTION_KEY", "SIDECAR_PASSWORD"})
        with self.assertRaises(Refused) as refused:
            secret_values.hand_out(task, {}, "file")
        for word in ("ResourceInitializationError", *values):
            self.assertIn(word, str(refused.exception))


class HealthTests(unittest.TestCase):
    def verdicts(self, results, retries=3, start_period=0.0):
        verdict = HealthVerdict(retries, start_period, started_at=0.0)
        statuses = []
        for at, is_well in results:
            verdict.note(is_well, at)
            statuses.append(verdict.status)
        return statuses

    def test_turns_after_as_many_failures_in_a_row_as_retries(self):
        results = [(1, False), (2, False), (3, True), (4, False), (5, False), (6, False), (7, True)]
        expected = ["UNKNOWN", "UNKNOWN", "HEALTHY", "HEALTHY", "HEALTHY", "UNHEALTHY", "HEALTHY"]
        self.assertEqual(self.verdicts(results), expected)

    def test_does_not_count_failures_of_the_start_period(self):
        results = [(1, False), (9, False), (10, False), (11, False)]
        self.assertEqual(self.verdicts(results, retries=2, start_period=10), ["UNKNOWN"] * 3 + ["UNHEALTHY"])

    def test_ends_the_start_period_with_the_first_success(self):
        results = [(1, True), (2, False), (3, False)]
        self.assertEqual(self.verdicts(results, retries=2, start_period=100), ["HEALTHY", "HEALTHY", "UNHEALTHY"])


class OrderTests(unittest.TestCase):
    def turn(self, condition, **state):
        one = container("one", after=[("other", condition)])
        return order.turn_to_start(one, {"other": ContainerState(**state)})[0]

    def test_knows_each_condition(self):
        wait, now, never = order.Turn.WAIT, order.Turn.NOW, order.Turn.NEVER
        up, ended, failed = {"has_started": True}, {"has_started": True, "has_ended": True, "exit_code": 0}, {}
        failed = copy.copy(ended) | {"exit_code": 1}
        self.assertEqual([self.turn("START"), self.turn("START", **up)], [wait, now])
        self.assertEqual([self.turn("COMPLETE", **up), self.turn("COMPLETE", **failed)], [wait, now])
        self.assertEqual([self.turn("SUCCESS", **up), self.turn("SUCCESS", **ended)], [wait, now])
        self.assertEqual(self.turn("SUCCESS", **failed), never)
        self.assertEqual([self.turn("HEALTHY", **up), self.turn("HEALTHY", **ended)], [wait, never])
        self.assertEqual(self.turn("HEALTHY", **up, health="HEALTHY"), now)

    def test_takes_healthy_as_a_question_of_the_start_only(self):
        service = container("service", health_check=healthy_when("service"))
        sidecar = container("sidecar", after=[("service", "HEALTHY")])
        task = definition.TaskDefinition("trial", (service, sidecar), {"volume": True}, False)
        states = {name: ContainerState(has_started=True, health="UNHEALTHY") for name in ("service", "sidecar")}
        self.assertFalse(order.may_stop(service, task, states))
        self.assertTrue(order.may_stop(sidecar, task, states))
