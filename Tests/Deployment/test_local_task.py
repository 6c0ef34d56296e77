"""The life of a task on this machine, with real processes: start, health, crash, stop."""

import os
import subprocess
import unittest

from gatehouse_ecs.local.plan import SPOT, Plan, Volume
from local_trial import OBEYS, Trial, container, deaf, healthy_when, until


class StartTests(unittest.TestCase):
    def test_waits_for_what_each_depends_on(self):
        service = container("service", health_check=healthy_when("gate"))
        sidecar = container("sidecar", after=[("service", "HEALTHY")])
        with Trial(sidecar, service) as trial:
            until("the service", lambda: trial.has("service", "started"))
            self.assertFalse(trial.has("sidecar", "started"), "the check does not go well yet")
            (trial.data / "gate.up").touch()
            trial.wait_until_ready()
            order = [event for event in trial.events if event[1] in ("started", "HEALTHY")]
            self.assertEqual(order[:3], [("service", "started"), ("service", "HEALTHY"), ("sidecar", "started")])
            trial.stop()

    def test_starts_what_is_listed_before_its_dependency(self):
        with Trial(container("second", after=[("first", "START")]), container("first")) as trial:
            trial.wait_until_ready()

    def test_takes_an_exit_code_for_success(self):
        first = container("first", "exit 0", is_essential=False)
        with Trial(first, container("second", after=[("first", "SUCCESS")])) as trial:
            trial.wait_until_ready()
            self.assertTrue(trial.has("second", "started"))
            trial.stop()

    def test_gives_up_when_a_dependency_can_not_come_true(self):
        first = container("first", "exit 3", is_essential=False)
        with Trial(first, container("second", after=[("first", "SUCCESS")])) as trial:
            trial.end()
            self.assertFalse(trial.has("second", "started"))
            self.assertIn("second needs first SUCCESS", trial.task.trouble)

    def test_says_which_program_is_missing(self):
        missing = container("service")
        missing = type(missing)(**{**missing.__dict__, "command": ("no-such-program",)})
        with Trial(missing) as trial:
            trial.end()
            self.assertIn("there is no program no-such-program", trial.task.trouble)


class StopTests(unittest.TestCase):
    def test_goes_backwards_and_waits_for_each_end(self):
        containers = [
            container("a"),
            container("b", after=[("a", "START")]),
            container("c", after=[("b", "START")]),
        ]
        with Trial(*containers) as trial:
            trial.wait_until_ready()
            events = [event for event in trial.stop() if event[1] in ("SIGTERM", "exited 0")]
            expected = [(name, what) for name in ("c", "b", "a") for what in ("SIGTERM", "exited 0")]
            self.assertEqual(events, expected)

    def test_is_not_transitive(self):
        # c waits for a only through b, which has ended, so nothing delays a.
        containers = [
            container("a"),
            container("b", "exit 0", after=[("a", "START")], is_essential=False),
            deaf("c", after=[("b", "COMPLETE")], stop_timeout=1),
        ]
        with Trial(*containers) as trial:
            trial.wait_until_ready()
            events = trial.stop()
            self.assertLess(events.index(("a", "exited 0")), events.index(("c", "SIGKILL")))

    def test_kills_after_its_time_to_stop(self):
        with Trial(deaf("service", stop_timeout=0.3)) as trial:
            trial.wait_until_ready()
            events = trial.stop()
            self.assertEqual(
                [event for who, event in events if who == "service"][-3:], ["SIGTERM", "SIGKILL", "killed (137)"]
            )
            kill = next(event for event in trial.timeline.events if event.what == "SIGKILL")
            self.assertGreaterEqual(kill.used, 0.3)
            self.assertTrue(trial.states["service"].was_killed)

    def test_tells_the_metadata_before_any_signal(self):
        with Trial(container("service")) as trial:
            trial.wait_until_ready()
            self.assertEqual(trial.states.desired, "RUNNING")
            events = trial.stop()
            self.assertLess(events.index(("task", "DesiredStatus STOPPED")), events.index(("service", "SIGTERM")))
            self.assertEqual((trial.states.desired, trial.states.known_status), ("STOPPED", "STOPPED"))

    def test_a_second_request_kills_all(self):
        with Trial(deaf("service", stop_timeout=60)) as trial:
            trial.wait_until_ready()
            trial.task.ask_to_stop()
            until("a signal", lambda: trial.has("service", "SIGTERM"))
            events = trial.stop()
            self.assertIn(("service", "killed (137)"), events)

    def test_spot_gives_all_of_them_one_window(self):
        containers = [deaf("service", stop_timeout=60), deaf("sidecar", after=[("service", "START")], stop_timeout=60)]
        with Trial(*containers, plan=Plan(after=0.3, reason=SPOT, spot_window=0.5)) as trial:
            trial.wait_until_ready()
            events = trial.end()
            self.assertNotIn(("service", "SIGTERM"), events, "the sidecar used up the window")
            self.assertEqual({who for who, what in events if what == "killed (137)"}, {"service", "sidecar"})
            self.assertEqual(trial.task.reason, SPOT)


class CrashTests(unittest.TestCase):
    def test_an_essential_end_stops_the_task(self):
        containers = [container("service"), container("sidecar", after=[("service", "START")])]
        with Trial(*containers, plan=Plan(after=0.2, crash="service")) as trial:
            trial.wait_until_ready()
            events = trial.end()
            self.assertEqual(trial.task.reason, "Essential container in task exited (service)")
            self.assertIn(("service", "killed (137)"), events)
            self.assertIn(("sidecar", "exited 0"), events)

    def test_another_end_does_not(self):
        helper = container("helper", "exit 4", is_essential=False)
        with Trial(container("service"), helper) as trial:
            trial.wait_until_ready()
            until("its end", lambda: trial.has("helper", "exited 4"))
            self.assertIsNone(trial.task.reason)
            self.assertIn(("service", "exited 0"), trial.stop())

    def test_an_unhealthy_essential_container_stops_the_task(self):
        check = healthy_when("well")
        check = type(check)(check.command, interval=0.05, timeout=2, retries=2, start_period=0)
        with Trial(container("service", health_check=check)) as trial:
            trial.end()
            self.assertEqual(trial.task.reason, "Task failed container health checks (service)")
        with Trial(container("service", health_check=check), plan=Plan(ignores_health=True)) as trial:
            until("a verdict", lambda: trial.has("service", "UNHEALTHY"))
            self.assertIsNone(trial.task.reason)
            trial.stop()

    def test_what_a_container_started_ends_with_it(self):
        line = "sleep 600 & echo $! >$DATA/child; " + OBEYS
        with Trial(container("service", line)) as trial:
            trial.wait_until_ready()
            child = int((trial.data / "child").read_text())
            os.kill(child, 0)
            trial.stop()
            until("its end", lambda: not is_running(child))


class HangTests(unittest.TestCase):
    def test_a_volume_that_hangs_is_told_and_let_go(self):
        told = []
        volume = Volume(hang=lambda: told.append("hang") or True, release=lambda: told.append("release"))
        with Trial(container("service"), plan=Plan(after=0.1), volume=volume) as trial:
            trial.wait_until_ready()
            events = trial.end()
            self.assertEqual(told, ["hang"])
            hangs = next(index for index, event in enumerate(events) if event[0] == "volume")
            self.assertLess(hangs, events.index(("task", "DesiredStatus STOPPED")))


def is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True).stdout
    return not state.startswith("Z") and state != ""
