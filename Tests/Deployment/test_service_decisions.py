"""What ECS decides for a service, and what a load balancer decides for its targets: without processes and sockets."""

import json
import tempfile
import unittest
from pathlib import Path

from gatehouse_ecs.local import Refused
from gatehouse_ecs.local.service import definition
from gatehouse_ecs.local.service.rollout import Decision, Standing, decide, is_steady, zone_for
from gatehouse_ecs.local.service.targets import DRAINING, HEALTHY, UNHEALTHY, GroupSettings, TargetGroup


def service(desired=1, minimum=100, maximum=200, **more):
    configuration = {"minimumHealthyPercent": minimum, "maximumPercent": maximum}
    return definition.parse({"desiredCount": desired, "deploymentConfiguration": configuration, **more})


def old(name, **more):
    return Standing(name, "a", is_current=False, **{"is_healthy": True, **more})


def new(name, **more):
    return Standing(name, "b", is_current=True, **{"is_healthy": True, **more})


class RolloutTests(unittest.TestCase):
    def test_a_service_starts_as_many_as_desired(self):
        self.assertEqual(decide(service(2), []), Decision(2, ()))

    def test_with_0_100_the_old_task_is_gone_before_the_new_one_starts(self):
        rules = service(1, 0, 100)
        self.assertEqual(decide(rules, [old("1")]), Decision(0, ("1",)))
        self.assertEqual(decide(rules, [old("1", is_leaving=True)]), Decision(0, ()))
        self.assertEqual(decide(rules, []), Decision(1, ()))

    def test_with_100_200_the_new_task_is_healthy_before_the_old_one_goes(self):
        rules = service(1)
        self.assertEqual(decide(rules, [old("1")]), Decision(1, ()))
        self.assertEqual(decide(rules, [old("1"), new("2", is_healthy=False)]), Decision(0, ()))
        self.assertEqual(decide(rules, [old("1"), new("2")]), Decision(0, ("1",)))
        self.assertEqual(decide(rules, [old("1", is_leaving=True), new("2")]), Decision(0, ()))

    def test_a_task_that_stops_counts_until_it_is_gone(self):
        tasks = [old("1", is_leaving=True), old("2")]
        self.assertEqual(decide(service(1, 0, 200), tasks).starts, 0)

    def test_two_tasks_are_replaced_one_by_one_as_the_new_ones_get_healthy(self):
        tasks = [old("1"), old("2"), new("3"), new("4", is_healthy=False)]
        self.assertEqual(decide(service(2), tasks), Decision(0, ("1",)))

    def test_an_unhealthy_old_task_goes_first(self):
        tasks = [old("1"), old("2", is_healthy=False), new("3")]
        self.assertEqual(decide(service(1), tasks).stops, ("2", "1"))

    def test_a_task_that_failed_goes_when_its_replacement_is_there(self):
        failed = new("1", is_healthy=False, has_failed=True)
        self.assertEqual(decide(service(1), [failed]), Decision(1, ()))
        self.assertEqual(decide(service(1), [failed, new("2", is_healthy=False)]), Decision(0, ("1",)))
        # Where there is room for one only, it goes at once.
        self.assertEqual(decide(service(1, 0, 100), [failed]), Decision(0, ("1",)))

    def test_more_than_desired_are_stopped(self):
        self.assertEqual(len(decide(service(1), [new("1"), new("2")]).stops), 1)

    def test_steady_means_that_nothing_else_is_there(self):
        self.assertTrue(is_steady(service(1), [new("1")]))
        for tasks in ([], [old("1")], [new("1", is_healthy=False)], [new("1"), old("2", is_leaving=True)]):
            self.assertFalse(is_steady(service(1), tasks))

    def test_tasks_are_spread_over_the_zones_that_are_left(self):
        self.assertEqual(zone_for([]), "a")
        self.assertEqual(zone_for([old("1")]), "b")
        self.assertEqual(zone_for([old("1")], frozenset("b")), "a")
        self.assertIsNone(zone_for([], frozenset("ab")))


class DefinitionTests(unittest.TestCase):
    def test_the_breaker_allows_three_failures_and_more_of_large_services(self):
        self.assertEqual(service(1).failures_allowed, 3)
        self.assertEqual(service(10).failures_allowed, 5)

    def test_what_ecs_would_not_take_is_refused_with_all_faults(self):
        cases = [
            ({}, "desiredCount"),
            ({"desiredCount": 0}, "desiredCount is 0"),
            ({"desiredCount": 1, "deploymentConfiguration": {"maximumPercent": 99}}, "maximumPercent is 99"),
            ({"desiredCount": 1, "deploymentConfiguration": {"strategy": "BLUE_GREEN"}}, "only ROLLING"),
            (
                {"desiredCount": 1, "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 100}},
                "leave no task to replace",
            ),
        ]
        for document, fault in cases:
            with self.subTest(fault), self.assertRaisesRegex(Refused, fault):
                definition.parse(document)

    def test_a_file_that_is_none_is_refused_with_its_name(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "service.json")
            with self.assertRaisesRegex(Refused, "service.json"):
                definition.read(path)
            path.write_text("{")
            with self.assertRaisesRegex(Refused, "is not JSON"):
                definition.read(path)
            path.write_text(json.dumps({"desiredCount": 1, "loadBalancers": [{}]}))
            with self.assertRaisesRegex(Refused, "shape of a service"):
                definition.read(path)


class TargetTests(unittest.TestCase):
    def setUp(self):
        self.group = TargetGroup(GroupSettings(healthy=2, unhealthy=3, lag=5))
        for name in ("1", "2"):
            self.group.add(name, "127.0.0.1", 80)

    def chosen(self, at=0.0, times=6):
        found = [self.group.choose(at) for _ in range(times)]
        return {target.name for target in found if target}

    def test_a_target_gets_requests_once_it_is_healthy(self):
        self.assertEqual(self.chosen(), set())
        self.assertEqual(self.group.note("1", True), HEALTHY)
        self.assertEqual(self.chosen(), {"1"})
        self.group.note("2", True)
        self.assertEqual(self.chosen(), {"1", "2"})

    def test_it_takes_as_many_results_in_a_row_as_the_thresholds_say(self):
        self.group.note("1", True)
        changes = [self.group.note("1", result) for result in (False, False, True, False, False, False)]
        self.assertEqual(changes, [None, None, None, None, None, UNHEALTHY])
        self.assertEqual([self.group.note("1", True) for _ in range(2)], [None, HEALTHY])

    def test_a_target_that_drains_gets_requests_for_the_lag_and_no_longer(self):
        for name in ("1", "2"):
            self.group.note(name, True)
        self.group.drain("1", 100)
        self.assertEqual(self.group.state("1"), DRAINING)
        self.assertEqual(self.chosen(104.9), {"1", "2"})
        self.assertEqual(self.chosen(105), {"2"})
        # It stays so, whatever a late check says.
        self.assertIsNone(self.group.note("1", True))

    def test_one_that_got_no_requests_gets_none_while_it_drains(self):
        self.group.note("2", True)
        self.group.drain("1", 100)
        self.assertEqual(self.chosen(100), {"2"})
        self.group.add("3", "127.0.0.1", 80)
        for _ in range(3):
            self.group.note("3", False)
        self.group.drain("3", 100)
        self.assertEqual(self.chosen(100), {"2"})

    def test_when_all_are_unhealthy_all_get_requests(self):
        for name in ("1", "2"):
            for _ in range(3):
                self.group.note(name, False)
        self.assertEqual(self.chosen(), {"1", "2"})

    def test_a_sticky_client_stays_until_its_target_leaves(self):
        self.group = TargetGroup(GroupSettings(lag=5), is_sticky=True)
        for name in ("1", "2"):
            self.group.add(name, "127.0.0.1", 80)
            self.group.note(name, True)
        self.assertEqual({self.group.choose(0, "1").name for _ in range(6)}, {"1"})
        self.group.drain("1", 0)
        self.assertEqual(self.group.choose(6, "1").name, "2")


if __name__ == "__main__":
    unittest.main()
